#include "dpml/optim/averaging.h"

#include <algorithm>
#include <utility>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/base/vectorised.h"

namespace dpml {

WeightAverage::WeightAverage(const AveragingOptions& options, std::span<Parameter* const> parameters)
    : decay_(options.decay) {
  if (!(decay_ >= 0 && decay_ < 1)) {
    throw ConfigError("averaging: decay is " + to_text(decay_) + ", expected a number in [0, 1); 0 means no averaging");
  }
  if (!is_active()) return;
  for (Parameter* parameter : parameters) {
    if (!parameter->trainable()) continue;
    parameters_.push_back(parameter);
    averages_.push_back(parameter->tensor().clone());
  }
}

void WeightAverage::update(std::uint64_t step) {
  if (!is_active()) return;
  const auto t = static_cast<double>(step);
  const auto keep = static_cast<float>(std::min(decay_, (1 + t) / (10 + t)));
  const float take = 1 - keep;
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    const float* weight = parameters_[p]->tensor().data();
    float* average = averages_[p].mutable_data();
    vectorised([=, size = averages_[p].size()] {
#pragma omp simd
      for (Index i = 0; i < size; ++i) average[i] = keep * average[i] + take * weight[i];
    });
  }
}

void WeightAverage::restore(std::span<const Tensor> averages) {
  bool fits = averages.size() == averages_.size();
  for (std::size_t p = 0; fits && p < averages_.size(); ++p) fits = averages[p].shape() == averages_[p].shape();
  if (!fits)
    throw ConfigError("the saved weight averages belong to another model; resume with the config that started the run");
  for (std::size_t p = 0; p < averages_.size(); ++p) averages_[p] = averages[p].clone();
}

void WeightAverage::swap_with_parameters() {
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    Tensor weight = parameters_[p]->tensor().clone();
    parameters_[p]->set(averages_[p]);
    averages_[p] = std::move(weight);
  }
}

}  // namespace dpml
