#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dpml/random/key.h"

namespace dpml {

/// Uniform 64-bit words: the AES-256-CTR keystream of a key (NIST SP 800-38A, section 6.5), started at the 128-bit
/// counter block, most significant bits first,
///
///   purpose (8 bits) | index (32) | step (48) | position (40, in pairs of words)
///
/// so streams of one key that differ in purpose, index or step share no counter block. Equal arguments give equal
/// words. Not for concurrent use; two streams may be used at once.
class Stream {
 public:
  static constexpr std::uint64_t kIndices = std::uint64_t{1} << 32;
  static constexpr std::uint64_t kSteps = std::uint64_t{1} << 48;
  static constexpr std::uint64_t kWords = std::uint64_t{1} << 41;  ///< length of every stream

  /// Throws PrivacyError when step >= kSteps or index >= kIndices: the numbers of another stream would come again.
  Stream(const Key& key, Purpose purpose, std::uint64_t step, std::uint64_t index);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// The next words of the stream. Throws PrivacyError when the stream ends before them.
  void fill(std::span<std::uint64_t> words);
  std::uint64_t next_u64();
  double uniform();  ///< multiples of 2^-53 in [0, 1)

  /// The next word will be word `position` of the stream. Pieces made after skipping equal those made in one go.
  void skip_to(std::uint64_t position);

 private:
  static constexpr std::size_t kBufferSize = 64;

  void produce(std::span<std::uint64_t> words);

  struct Cipher;
  std::unique_ptr<Cipher> cipher_;
  std::array<unsigned char, 16> first_block_{};
  std::uint64_t produced_ = 0;  ///< words taken from the cipher, a multiple of kBufferSize
  std::array<std::uint64_t, kBufferSize> buffer_;
  std::size_t used_ = kBufferSize;  ///< words of the buffer already handed out
};

}  // namespace dpml
