#pragma once

#include <gtest/gtest.h>

#include "gemm_backend.h"

namespace dpml {

/// The tests of gemm_backend_test.cpp run for every library that is found; gemm_<name>_test.cpp enters it.
class GemmBackend : public testing::TestWithParam<void (*)(const MatrixProduct&)> {};

}  // namespace dpml
