#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "layers/try_layer.h"
#include "onnx_vectors/case.h"

namespace dpml::onnx_vectors {

/// What dpml makes of a case: the node's outputs that dpml has, as ONNX lays them out. Throws LeftOut.
using Evaluate = std::vector<Tensor> (*)(const Case& one);

struct Operator {
  std::string op;    ///< of ONNX
  std::string dpml;  ///< the layer's word, or the operation's name
  Evaluate evaluate;
};

const std::vector<Operator>& operators();

// By file.
std::vector<Tensor> conv(const Case& one);
std::vector<Tensor> conv_transpose(const Case& one);
std::vector<Tensor> max_pool(const Case& one);
std::vector<Tensor> average_pool(const Case& one);
std::vector<Tensor> global_average_pool(const Case& one);
std::vector<Tensor> global_max_pool(const Case& one);
std::vector<Tensor> pad(const Case& one);

std::vector<Tensor> batch_normalization(const Case& one);
std::vector<Tensor> instance_normalization(const Case& one);
std::vector<Tensor> layer_normalization(const Case& one);

std::vector<Tensor> rnn(const Case& one);
std::vector<Tensor> lstm(const Case& one);
std::vector<Tensor> gru(const Case& one);

std::vector<Tensor> unary(const Case& one);
std::vector<Tensor> prelu(const Case& one);
std::vector<Tensor> along_axis(const Case& one);
std::vector<Tensor> binary(const Case& one);
std::vector<Tensor> matmul(const Case& one);
std::vector<Tensor> gemm(const Case& one);
std::vector<Tensor> reduce(const Case& one);

std::vector<Tensor> flatten(const Case& one);
std::vector<Tensor> reshape(const Case& one);
std::vector<Tensor> transpose(const Case& one);
std::vector<Tensor> concat(const Case& one);
std::vector<Tensor> slice(const Case& one);

std::vector<Tensor> gather(const Case& one);
std::vector<Tensor> dropout(const Case& one);

std::vector<Tensor> cross_entropy(const Case& one);

// Of all files.

/// Of an operation on values, x being a single sample: what ONNX counts as axis 0 is an axis of the sample.
Tensor of_sample(const Tensor& x, const std::function<Value(Tape& tape, const Value& x)>& operation);

/// A layer with these weights, by name and in PyTorch's order.
template <class L>
const L& with_weights(L& layer, const std::vector<std::pair<std::string, Tensor>>& weights) {
  for (const auto& [name, weight] : weights) {
    for (const NamedParameter& named : named_parameters(layer)) {
      if (named.name == name) named.parameter->set_from_file_order(weight);
    }
  }
  return layer;
}

/// Options that dpml has not are no error of the case.
inline void require_possible(const std::optional<OptionProblem>& problem) {
  if (problem) throw LeftOut{problem->option + " " + problem->what};
}

/// Axis i of the result is axis order[i] of x.
Tensor permuted(const Tensor& x, const Numbers& order);
Tensor channels_last(const Tensor& x);    ///< [N, C, ...] -> [N, ..., C]
Tensor channels_second(const Tensor& x);  ///< and back
std::int64_t from_the_front(std::int64_t axis, std::int64_t rank);

}  // namespace dpml::onnx_vectors
