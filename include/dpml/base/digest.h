#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace dpml {

/// SHA-256 of a sequence of parts. Every part is hashed with its length, so ("ab", "c") and ("a", "bc") differ.
class Digest {
 public:
  Digest();
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  Digest& add(std::string_view bytes);
  Digest& add(const void* bytes, std::size_t size);
  Digest& add(double value);  ///< the eight bytes of its IEEE form, so that equal digests mean equal bits
  Digest& add(std::uint64_t value);

  /// 64 lower-case hexadecimal letters. Ends the digest: nothing may be added afterwards.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether text has the form of Digest::hex().
bool is_digest(std::string_view text);

}  // namespace dpml
