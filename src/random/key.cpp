#include "dpml/random/key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstring>
#include <string_view>

#include "dpml/base/error.h"

namespace dpml {

Key Key::secure() {
  Key key;
  if (RAND_priv_bytes(key.bytes_.data(), static_cast<int>(key.bytes_.size())) != 1) {
    throw PrivacyError(
        "no entropy for a secure key: OpenSSL could not seed its generator from the operating system; check that "
        "getrandom or /dev/urandom works here");
  }
  key.is_secure_ = true;
  return key;
}

Key Key::from_seed(std::uint64_t seed) {
  static constexpr std::string_view kDomain = "dpml key from a seed";
  std::array<unsigned char, kDomain.size() + sizeof seed> text{};
  std::memcpy(text.data(), kDomain.data(), kDomain.size());
  std::memcpy(text.data() + kDomain.size(), &seed, sizeof seed);
  Key key;
  DPML_ASSERT(EVP_Digest(text.data(), text.size(), key.bytes_.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return key;
}

Key Key::from_bytes(const std::array<unsigned char, 32>& bytes) {
  Key key;
  key.bytes_ = bytes;
  return key;
}

Key::~Key() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

}  // namespace dpml
