#pragma once

#include <gtest/gtest.h>

#include "gemm_library.h"

namespace dpml {

/// The tests of gemm_multiplier_test.cpp run for everything that multiplies: dpml's own kernels (gemm_own_test.cpp) and
/// every library that is found (gemm_<name>_test.cpp).
class GemmMultiplier : public testing::TestWithParam<void (*)(const MatrixProduct&)> {};

}  // namespace dpml
