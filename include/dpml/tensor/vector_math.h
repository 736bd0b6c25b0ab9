#pragma once

#include <span>

namespace dpml {

// Functions of many float32 numbers at once, several times faster than calling the standard library for each.
//
// All spans of one call have the same length; the result may be one of the arguments itself, but not overlap one
// otherwise. The result for a number depends on that number alone: its place and its neighbours change no bit, nor do
// compiler and processor. NaN gives NaN, infinities give the limit.
//
// Errors are the largest met in 187 million numbers spread over all of float32, in units in the last place (of 2^-149
// for results below 2^-126).

void exp_values(std::span<const float> x, std::span<float> y);      ///< e^x, error 1.1
void tanh_values(std::span<const float> x, std::span<float> y);     ///< (e^x - e^-x) / (e^x + e^-x), error 2.5
void sigmoid_values(std::span<const float> x, std::span<float> y);  ///< 1 / (1 + e^-x), error 2.4
/// x Phi(x), Phi the distribution function of the standard normal (the exact form, PyTorch's default); error 8.3 in
/// the lower tail, 4 above -1.
void gelu_values(std::span<const float> x, std::span<float> y);
void silu_values(std::span<const float> x, std::span<float> y);  ///< x / (1 + e^-x), error 2.8; at -infinity -0
/// x above 0, else alpha (e^x - 1), all times scale; error 1.3 for alpha and scale 1.
void elu_values(std::span<const float> x, float alpha, float scale, std::span<float> y);
/// log(1 + e^(beta x)) / beta, but x where beta x is above the threshold; error 2.8 for beta 1, threshold 20.
void softplus_values(std::span<const float> x, float beta, float threshold, std::span<float> y);

/// dx = dy (1 - y^2) for y = tanh(x).
void tanh_gradients(std::span<const float> y, std::span<const float> dy, std::span<float> dx);
/// dx = dy y (1 - y) for y = sigmoid(x).
void sigmoid_gradients(std::span<const float> y, std::span<const float> dy, std::span<float> dx);
/// dx = dy (Phi(x) + x phi(x)), phi the density of the standard normal; the factor is right to 1.2e-7.
void gelu_gradients(std::span<const float> x, std::span<const float> dy, std::span<float> dx);
/// dx = dy s (1 + x (1 - s)), s = sigmoid(x).
void silu_gradients(std::span<const float> x, std::span<const float> dy, std::span<float> dx);
/// dx = dy scale, above 0, else dy scale alpha e^x; at 0 the latter.
void elu_gradients(std::span<const float> x, std::span<const float> dy, float alpha, float scale, std::span<float> dx);
/// dx = dy sigmoid(beta x), but dy where beta x is above the threshold.
void softplus_gradients(std::span<const float> x, std::span<const float> dy, float beta, float threshold,
                        std::span<float> dx);

}  // namespace dpml
