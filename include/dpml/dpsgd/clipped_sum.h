#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "dpml/autograd/parameter.h"
#include "dpml/autograd/tape.h"
#include "dpml/dpsgd/clip_rule.h"
#include "dpml/dpsgd/mechanism.h"

namespace dpml {

class ClippedSum;

/// The memory of clipped sums, which live in it one after the other, so that a step allocates nothing. 4 bytes for
/// every parameter and lane, 12 once a lane takes a second group, whatever the size of the batch.
class SumMemory {
 public:
  /// For sums that `mechanism` releases. The parameters must outlive them; frozen ones are left out. Throws
  /// PrivacyError when the rule's sensitivity is not the one that the mechanism makes its noise for, ConfigError when
  /// no parameter is trained or lanes < 1.
  SumMemory(const Mechanism& mechanism, const ClipRule& rule, std::span<Parameter* const> parameters, int lanes);
  ~SumMemory();
  SumMemory(SumMemory&&) noexcept;

  /// An empty sum. Throws InternalError while another one lives here.
  ClippedSum begin();

 private:
  friend class ClippedSum;
  friend class GaussianMechanism;
  struct Contents;
  std::shared_ptr<Contents> contents_;
};

/// The sum of clipped per-sample gradients of one logical batch. One sample changes it by at most the clip bound in
/// L2 norm, as computed and not only in exact arithmetic (docs/rounding.md). It cannot be read or copied: only the
/// mechanism that it was made for turns it into something an optimizer takes, and takes it away with that. A sum that
/// is dropped releases nothing and costs nothing.
///
/// The batch comes in groups (SampleGroups). The samples of a group are added up in float32, in their order, on one
/// lane; groups are rounded to a grid on which sums in double are exact. So the bits do not depend on lanes, threads,
/// the order of groups or on how a group is cut into physical batches. (Without a clip bound there is no grid; then the
/// order of a lane's groups decides the last bits.) A lane belongs to one thread at a time.
///
/// One that was released, or moved from, is spent: whatever is asked of it throws PrivacyError.
class ClippedSum {
 public:
  ~ClippedSum();
  ClippedSum(ClippedSum&& other) noexcept;
  ClippedSum& operator=(ClippedSum&&) = delete;

  int lanes() const;
  double sensitivity() const;  ///< ClipRule::sensitivity

  /// What is added to the lane from here on belongs to another group.
  void begin_group(int lane);

  /// Walks back from losses [B], clips each sample's gradient and adds it to the lane's open group. Distinct lanes may
  /// be added to at once. B = 0 adds nothing. Throws PrivacyError when the group has more than SampleGroups::kLargest
  /// samples. When it throws, the whole sum must be dropped.
  void add(int lane, Tape& tape, const Value& losses);

  /// Gradients made by hand, one PerSampleGrad for each parameter, in the order of the constructor; for canaries.
  void add(int lane, std::vector<PerSampleGrad> gradients);

 private:
  friend class SumMemory;
  friend class GaussianMechanism;
  class Collector;
  explicit ClippedSum(std::shared_ptr<SumMemory::Contents> contents);
  SumMemory::Contents& contents() const;

  std::shared_ptr<SumMemory::Contents> contents_;  // none when it is spent
};

}  // namespace dpml
