#include "dpml/base/digest.h"

#include <openssl/evp.h>

#include <array>
#include <bit>

#include "dpml/base/error.h"

namespace dpml {

struct Digest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest() : state_(std::make_unique<State>()) {
  DPML_ASSERT(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

Digest& Digest::add(const void* bytes, std::size_t size) {
  const std::uint64_t length = size;
  DPML_ASSERT(EVP_DigestUpdate(state_->context, &length, sizeof length) == 1);
  DPML_ASSERT(EVP_DigestUpdate(state_->context, bytes, size) == 1);
  return *this;
}

Digest& Digest::add(std::string_view bytes) {
  return add(bytes.data(), bytes.size());
}

Digest& Digest::add(std::uint64_t value) {
  return add(&value, sizeof value);
}

Digest& Digest::add(double value) {
  return add(std::bit_cast<std::uint64_t>(value));
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  DPML_ASSERT(EVP_DigestFinal_ex(state_->context, bytes.data(), &size) == 1);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

bool is_digest(std::string_view text) {
  constexpr std::size_t kLetters = 64;
  return text.size() == kLetters && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace dpml
