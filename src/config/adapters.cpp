#include "dpml/config/adapters.h"

#include "dpml/config/model_sizes.h"

namespace dpml {

namespace {

/// Numbers between the second axis and the end.
Index rest_of(const Tensor& x) {
  return x.size() / (x.axis(0) * x.axis(1));
}

/// weight[out, rest] + scale * up[out, rank] down[rank, rest]: linear maps and convolutions.
void add_output_first(float scale, const Tensor& down, const Tensor& up, Tensor& weight) {
  const Index rank = down.axis(0);
  const Index rest = down.size() / rank;
  for (Index o = 0; o < weight.axis(0); ++o) {
    for (Index i = 0; i < rest; ++i) {
      double sum = 0;
      for (Index r = 0; r < rank; ++r) sum += double{up.data()[o * rank + r]} * down.data()[r * rest + i];
      weight.mutable_data()[o * rest + i] += static_cast<float>(scale * sum);
    }
  }
}

/// weight[in, out, rest] + scale * down[in, rank, rest] up[out, rank]: embeddings and transposed convolutions.
void add_input_first(float scale, const Tensor& down, const Tensor& up, Tensor& weight) {
  const Index rank = down.axis(1);
  const Index rest = rest_of(down);
  const Index out = weight.axis(1);
  for (Index in = 0; in < weight.axis(0); ++in) {
    for (Index o = 0; o < out; ++o) {
      for (Index i = 0; i < rest; ++i) {
        double sum = 0;
        for (Index r = 0; r < rank; ++r) {
          sum += double{up.data()[o * rank + r]} * down.data()[(in * rank + r) * rest + i];
        }
        weight.mutable_data()[(in * out + o) * rest + i] += static_cast<float>(scale * sum);
      }
    }
  }
}

}  // namespace

std::map<std::string, Tensor> merge_adapters(const ModelSpec& model, const Shape& sample_shape,
                                             std::map<std::string, Tensor> weights) {
  for (const Adapter& adapter : model_sizes(model, sample_shape).adapters) {
    Tensor merged = weights.at(adapter.layer + "weight").clone();
    const Tensor down = weights.at(adapter.layer + "lora_A.weight");
    const Tensor up = weights.at(adapter.layer + "lora_B.weight");
    const auto add = adapter.output_first ? add_output_first : add_input_first;
    add(static_cast<float>(adapter.scale), down, up, merged);
    weights.insert_or_assign(adapter.layer + "weight", merged);
    weights.erase(adapter.layer + "lora_A.weight");
    weights.erase(adapter.layer + "lora_B.weight");
  }
  return weights;
}

}  // namespace dpml
