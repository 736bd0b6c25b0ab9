#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "dpml/autograd/parameter.h"
#include "dpml/autograd/tape.h"
#include "dpml/dpsgd/clip_rule.h"

namespace dpml {

/// The sum of clipped per-sample gradients of one logical batch. One sample changes it by at most the clip bound in
/// L2 norm, as computed and not only in exact arithmetic (docs/rounding.md). It cannot be read: only GaussianMechanism
/// turns it into something an optimizer takes.
///
/// The batch comes in groups (SampleGroups). The samples of a group are added up in float32, in their order, on one
/// lane; groups are rounded to a grid on which sums in double are exact. So the bits do not depend on lanes, threads,
/// the order of groups or on how a group is cut into physical batches. (Without a clip bound there is no grid; then the
/// order of a lane's groups decides the last bits.) A lane belongs to one thread at a time. Memory: 4 bytes per
/// parameter and lane, 12 once a lane takes a second group, whatever the size of the batch.
class ClippedSum {
 public:
  /// The parameters must outlive the sum; frozen ones are left out.
  ClippedSum(const ClipRule& rule, std::span<Parameter* const> parameters, int lanes);
  ~ClippedSum();
  ClippedSum(const ClippedSum&) = delete;
  ClippedSum& operator=(const ClippedSum&) = delete;

  int lanes() const;
  double clip_bound() const;
  /// Sums of so many samples are exact; a release of more is refused.
  double most_samples() const;

  /// What is added to the lane from here on belongs to another group.
  void begin_group(int lane);

  /// Walks back from losses [B], clips each sample's gradient and adds it to the lane's open group. Distinct lanes may
  /// be added to at once. B = 0 adds nothing. Throws PrivacyError when the group has more than SampleGroups::kLargest
  /// samples. When it throws, the whole sum must be abandoned (clear).
  void add(int lane, Tape& tape, const Value& losses);

  /// Gradients made by hand, one PerSampleGrad for each parameter, in the order of the constructor; for canaries.
  void add(int lane, std::vector<PerSampleGrad> gradients);

  /// Forgets what was added. A batch that is abandoned releases nothing and costs nothing.
  void clear();

 private:
  friend class GaussianMechanism;
  struct Lane;
  struct Contents;
  class Collector;
  void add_clipped(Lane& lane, std::span<const std::pair<std::size_t, PerSampleGrad>> gradients, Index batch);

  std::unique_ptr<Contents> contents_;
};

}  // namespace dpml
