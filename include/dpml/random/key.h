#pragma once

#include <array>
#include <cstdint>

namespace dpml {

/// 256 secret bits. Every draw of dpml is a pure function of (key, purpose, step, index); see Stream.
///
/// Who knows the key knows the noise, so a key is never written to a file and its memory is wiped when it ends.
class Key {
 public:
  /// From the operating system's entropy. Throws PrivacyError when there is none.
  static Key secure();
  /// The same key for the same seed, for tests and research. Not private: 64 bits can be guessed or searched.
  static Key from_seed(std::uint64_t seed);
  /// Exactly these bits, to compare with published AES vectors. Not secure: we do not know where they come from.
  static Key from_bytes(const std::array<unsigned char, 32>& bytes);

  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();

  bool is_secure() const { return is_secure_; }  ///< made by secure()

 private:
  friend class Stream;
  Key() = default;

  std::array<unsigned char, 32> bytes_{};
  bool is_secure_ = false;
};

/// What a draw is for. Streams of different purposes share no numbers.
enum class Purpose : std::uint8_t { sampling, noise, initialisation, dropout, data };

}  // namespace dpml
