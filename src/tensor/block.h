#pragma once

#include <atomic>
#include <cstddef>

namespace dpml {

/// A piece of memory shared by tensors; the numbers follow the header.
struct alignas(64) Block {
  std::atomic<int> owners{1};
  int size_class = 0;
  Block* next = nullptr;  ///< in the store of freed blocks

  float* numbers() { return reinterpret_cast<float*>(this + 1); }
};

/// A block for `count` floats with one owner, from this thread's store or newly allocated.
/// Throws std::bad_alloc when there is no memory.
Block* acquire_block(std::size_t count);

/// One owner less; the last one returns the block to this thread's store.
void release_block(Block* block) noexcept;

}  // namespace dpml
