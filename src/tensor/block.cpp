#include "block.h"

#include <array>
#include <bit>
#include <new>

namespace dpml {

namespace {

// Size classes grow by a quarter of a power of two, so at most a fifth of a block is unused.
constexpr std::size_t kSmallest = 64;
constexpr int kClasses = 4 * 48;

int class_of(std::size_t count) {
  if (count <= kSmallest) return 0;
  const int power = static_cast<int>(std::bit_width(count - 1)) - 1;  // 2^power < count <= 2^(power+1)
  const std::size_t quarter = (std::size_t{1} << power) / 4;
  const auto quarters = static_cast<int>((count - 1 - (std::size_t{1} << power)) / quarter);
  return 4 * (power - 6) + quarters + 1;
}

std::size_t count_of(int size_class) {
  if (size_class == 0) return kSmallest;
  const int power = (size_class - 1) / 4 + 6;
  const auto quarters = static_cast<std::size_t>((size_class - 1) % 4 + 1);
  return (std::size_t{1} << power) + quarters * ((std::size_t{1} << power) / 4);
}

void free_block(Block* block) {
  block->~Block();
  ::operator delete (static_cast<void*>(block), std::align_val_t{alignof(Block)});
}

/// Freed blocks of one thread, by size class.
struct Store {
  std::array<Block*, kClasses> freed{};

  ~Store() {
    for (Block*& first : freed) {
      while (first != nullptr) {
        Block* block = first;
        first = block->next;
        free_block(block);
      }
    }
  }
};

// Sanitizers must see every release, so nothing is kept under them.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeep = false;
#elif defined(__has_feature)
constexpr bool kKeep = !__has_feature(address_sanitizer);
#else
constexpr bool kKeep = true;
#endif

// What is larger is no tensor of a step but a data set, and goes back to the system.
constexpr std::size_t kLargestKept = std::size_t{1} << 23;  // floats

thread_local bool store_is_gone = false;

struct GuardedStore : Store {
  ~GuardedStore() { store_is_gone = true; }
};

thread_local GuardedStore store;

}  // namespace

Block* acquire_block(std::size_t count) {
  const int size_class = class_of(count);
  if (size_class >= kClasses) throw std::bad_alloc();
  if (kKeep && !store_is_gone) {
    Block*& first = store.freed[static_cast<std::size_t>(size_class)];
    if (first != nullptr) {
      Block* block = first;
      first = block->next;
      block->owners.store(1, std::memory_order_relaxed);
      return block;
    }
  }
  void* memory =
      ::operator new (sizeof(Block) + count_of(size_class) * sizeof(float), std::align_val_t{alignof(Block)});
  Block* block = new (memory) Block;
  block->size_class = size_class;
  return block;
}

void release_block(Block* block) noexcept {
  if (block == nullptr || block->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (!kKeep || store_is_gone || count_of(block->size_class) > kLargestKept) {
    free_block(block);
    return;
  }
  Block*& first = store.freed[static_cast<std::size_t>(block->size_class)];
  block->next = first;
  first = block;
}

}  // namespace dpml
