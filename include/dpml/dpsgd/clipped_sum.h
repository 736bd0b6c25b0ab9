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
/// L2 norm. It cannot be read: only GaussianMechanism turns it into something an optimizer takes.
///
/// The batch is added in pieces by lanes. A lane belongs to one thread at a time; which samples go to which lane
/// decides the order of the additions, so a caller that derives it from shapes alone gets the same bits with any number
/// of threads. Memory: 12 bytes per parameter and lane, whatever the size of the batch.
class ClippedSum {
 public:
  /// The parameters must outlive the sum; frozen ones are left out.
  ClippedSum(const ClipRule& rule, std::span<Parameter* const> parameters, int lanes);
  ~ClippedSum();
  ClippedSum(const ClippedSum&) = delete;
  ClippedSum& operator=(const ClippedSum&) = delete;

  int lanes() const;
  double clip_bound() const;

  /// Walks back from losses [B], clips each sample's gradient and adds it to the lane. Distinct lanes may be added to
  /// at once. B = 0 adds nothing. When it throws, the whole sum must be abandoned (clear).
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
