#include "dpml/random/stream.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "dpml/base/error.h"

namespace dpml {

static_assert(std::endian::native == std::endian::little, "words are read from the keystream lowest byte first");

namespace {

constexpr std::size_t kWordsPerBlock = 2;  // AES blocks have 16 bytes
constexpr std::array<std::uint64_t, 512> kZeros{};

const EVP_CIPHER* aes_256_ctr() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  if (cipher == nullptr) {
    throw PrivacyError("OpenSSL offers no AES-256-CTR, which all random numbers come from; check its configuration");
  }
  return cipher;
}

void put_big_endian(std::span<unsigned char> bytes, std::uint64_t value) {
  for (std::size_t i = bytes.size(); i-- > 0; value >>= 8) bytes[i] = static_cast<unsigned char>(value & 0xff);
}

void require_below(const char* what, std::uint64_t value, std::uint64_t limit) {
  if (value < limit) return;
  throw PrivacyError("Stream: " + std::string(what) + " " + std::to_string(value) + " is not below " +
                     std::to_string(limit) + "; going on would repeat random numbers");
}

}  // namespace

struct Stream::Cipher {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  ~Cipher() { EVP_CIPHER_CTX_free(context); }  // wipes its copy of the key
};

Stream::Stream(const Key& key, Purpose purpose, std::uint64_t step, std::uint64_t index)
    : cipher_(std::make_unique<Cipher>()) {
  require_below("step", step, kSteps);
  require_below("index", index, kIndices);
  const std::span<unsigned char> block(first_block_);
  block[0] = static_cast<unsigned char>(purpose);
  put_big_endian(block.subspan(1, 4), index);
  put_big_endian(block.subspan(5, 6), step);
  DPML_ASSERT(cipher_->context != nullptr);
  DPML_ASSERT(EVP_EncryptInit_ex2(cipher_->context, aes_256_ctr(), key.bytes_.data(), block.data(), nullptr) == 1);
}

Stream::~Stream() {
  OPENSSL_cleanse(buffer_.data(), sizeof buffer_);
}

void Stream::produce(std::span<std::uint64_t> words) {
  if (words.size() > kWords - produced_) {
    throw PrivacyError("Stream: more than " + std::to_string(kWords) + " words asked of one stream; use another index");
  }
  produced_ += words.size();
  while (!words.empty()) {
    const auto piece = words.first(std::min(words.size(), kZeros.size()));
    int size = 0;
    DPML_ASSERT(EVP_EncryptUpdate(cipher_->context, reinterpret_cast<unsigned char*>(piece.data()), &size,
                                  reinterpret_cast<const unsigned char*>(kZeros.data()),
                                  static_cast<int>(piece.size_bytes())) == 1);
    words = words.subspan(piece.size());
  }
}

void Stream::fill(std::span<std::uint64_t> words) {
  const std::size_t buffered = std::min(words.size(), kBufferSize - used_);
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(used_), buffered, words.begin());
  used_ += buffered;
  words = words.subspan(buffered);
  if (words.empty()) return;

  const std::size_t rest = words.size() % kBufferSize;
  produce(words.first(words.size() - rest));
  if (rest == 0) return;
  produce(buffer_);
  std::copy_n(buffer_.begin(), rest, words.end() - static_cast<std::ptrdiff_t>(rest));
  used_ = rest;
}

std::uint64_t Stream::next_u64() {
  if (used_ == kBufferSize) {
    produce(buffer_);
    used_ = 0;
  }
  return buffer_[used_++];
}

double Stream::uniform() {
  return static_cast<double>(next_u64() >> 11) * 0x1p-53;
}

void Stream::skip_to(std::uint64_t position) {
  require_below("position", position, kWords);
  const std::uint64_t offset = position % kBufferSize;
  produced_ = position - offset;
  std::array<unsigned char, 16> block = first_block_;
  put_big_endian(std::span<unsigned char>(block).subspan(11, 5), produced_ / kWordsPerBlock);
  DPML_ASSERT(EVP_EncryptInit_ex2(cipher_->context, nullptr, nullptr, block.data(), nullptr) == 1);
  used_ = kBufferSize;
  if (offset == 0) return;
  produce(buffer_);
  used_ = offset;
}

}  // namespace dpml
