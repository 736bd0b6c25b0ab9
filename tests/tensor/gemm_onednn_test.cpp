#include "gemm_multiplier.h"

namespace dpml {

INSTANTIATE_TEST_SUITE_P(OneDnn, GemmMultiplier, testing::Values(&onednn::multiply));

TEST(GemmDescription, NamesOneDnnAndItsKernels) {
  EXPECT_TRUE(onednn::description().starts_with("oneDNN 2.")) << onednn::description();
}

}  // namespace dpml
