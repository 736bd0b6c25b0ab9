#pragma once

namespace dpml::onnx {

// TensorProto.DataType of the specification.
inline constexpr int kFloat = 1;
inline constexpr int kInt64 = 7;
inline constexpr int kFloat16 = 10;
inline constexpr int kDouble = 11;
inline constexpr int kBfloat16 = 16;

}  // namespace dpml::onnx
