#include "dpml/layers/flatten.h"

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

TEST(Flatten, BehavesAsALayer) {
  const LayerMaker make = [](Rng&) { return std::make_unique<Flatten>(); };
  for (const Shape& x : {Shape{3, 2, 3, 4}, Shape{3, 1, 1, 5}, Shape{3, 2, 2, 1}, Shape{3, 5}, Shape{3}, Shape{3, 4, 2},
                         Shape{3, 0, 2, 2}, Shape{0, 2, 2, 2}, Shape{3, 2, 1, 2, 2}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
}

TEST(Flatten, PutsTheChannelsOfAnImageOutermost) {
  const Tensor x = Tensor::from({1, 2, 2, 2}, std::vector<float>{0, 10, 1, 11, 2, 12, 3, 13});
  const Tensor y = apply(Flatten(), x);
  EXPECT_EQ(y.shape(), (Shape{1, 8}));
  EXPECT_EQ(std::vector<float>(y.values().begin(), y.values().end()), (std::vector<float>{0, 1, 2, 3, 10, 11, 12, 13}));
}

TEST(Flatten, KeepsTheOrderOfOtherRanks) {
  const Tensor x = Tensor::from({1, 2, 3}, std::vector<float>{0, 1, 2, 3, 4, 5});
  const Tensor y = apply(Flatten(), x);
  EXPECT_EQ(y.shape(), (Shape{1, 6}));
  EXPECT_EQ(std::vector<float>(y.values().begin(), y.values().end()), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace dpml
