#include "block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <thread>
#include <vector>

namespace dpml {
namespace {

/// Sanitizers see every release, so the store keeps nothing under them.
bool store_keeps_blocks() {
  Block* block = acquire_block(100);
  float* const first = block->numbers();
  release_block(block);
  block = acquire_block(100);
  const bool same = block->numbers() == first;
  release_block(block);
  return same;
}

TEST(BlockStore, GivesRoomForAllNumbersAskedFor) {
  std::vector<std::size_t> counts = {0, 1, 63, 64, 65, 79, 80, 81, 1 << 20, (1 << 20) + 1};
  for (std::size_t count = 1; count < 3000; count += 7) counts.push_back(count);
  std::vector<Block*> blocks;
  for (const std::size_t count : counts) {
    Block* block = acquire_block(count);
    std::fill_n(block->numbers(), count, static_cast<float>(count));
    blocks.push_back(block);
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const float* const numbers = blocks[i]->numbers();
    const auto expected = static_cast<float>(counts[i]);
    EXPECT_TRUE(std::all_of(numbers, numbers + counts[i], [&](float x) { return x == expected; })) << counts[i];
    release_block(blocks[i]);
  }
}

TEST(BlockStore, UsesAFreedBlockAgain) {
  if (!store_keeps_blocks()) GTEST_SKIP() << "the store keeps nothing under a sanitizer";
  Block* const first = acquire_block(1000);
  release_block(first);
  Block* const second = acquire_block(1001);  // the same class of sizes
  EXPECT_EQ(second, first);
  Block* const third = acquire_block(1000);
  EXPECT_NE(third, second);
  release_block(second);
  release_block(third);
}

TEST(BlockStore, KeepsABlockUntilItsLastOwnerLeaves) {
  Block* const block = acquire_block(1000);
  block->owners.fetch_add(1);
  release_block(block);
  Block* const other = acquire_block(1000);
  EXPECT_NE(other, block);
  release_block(other);
  release_block(block);
}

TEST(BlockStore, TakesBlocksOfThreadsThatHaveEnded) {
  Block* block = nullptr;
  std::thread([&] { block = acquire_block(5000); }).join();
  std::fill_n(block->numbers(), 5000, 1.0F);
  release_block(block);
  Block* const again = acquire_block(5000);
  std::fill_n(again->numbers(), 5000, 2.0F);
  release_block(again);
}

TEST(BlockStore, RefusesMoreThanThereIs) {
  EXPECT_THROW(acquire_block(std::size_t{1} << 60), std::bad_alloc);
}

TEST(BlockStore, IgnoresTheReleaseOfNothing) {
  release_block(nullptr);
}

}  // namespace
}  // namespace dpml
