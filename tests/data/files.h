#pragma once

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "dpml/base/error.h"

namespace dpml {

/// A folder of one test, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("dpml_data_" + std::to_string(::getpid()) + "_" + test->test_suite_name() + "_" + test->name());
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file and returns its path.
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::filesystem::remove(path_ / name);  // a file made anew needs no waiting for the disk, an emptied one may
    std::ofstream file(path_ / name, std::ios::binary);
    file << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// One gzip member.
inline std::string gzip(const std::string& bytes) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (deflateInit2(&stream, 9, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(static_cast<std::uint8_t>(value >> shift));
  return bytes;
}

/// An IDX file: element type, axes, the numbers as they are stored.
inline std::string idx(std::uint8_t element, const std::vector<std::uint32_t>& axes, const std::string& numbers) {
  std::string bytes{'\0', '\0', static_cast<char>(element), static_cast<char>(axes.size())};
  for (const std::uint32_t axis : axes) bytes += big_endian(axis);
  return bytes + numbers;
}

/// Does `action` throw a FileError that begins with the path and says `text`?
inline testing::AssertionResult refuses(const std::filesystem::path& path, const std::string& text,
                                        const std::function<void()>& action) {
  try {
    action();
  } catch (const FileError& error) {
    const std::string message = error.what();
    if (message.starts_with(path.string() + ": ") && message.find(text) != std::string::npos) {
      return testing::AssertionSuccess() << message;
    }
    return testing::AssertionFailure() << "the message is: " << message;
  }
  return testing::AssertionFailure() << "no FileError came";
}

/// A damaged file must be read or refused with a FileError: never a crash, never another error. Tries every truncation
/// and, at every place, three ways to damage the byte there. Returns how many damaged files were refused.
inline int refused_when_damaged(const TemporaryFolder& folder, const std::string& good,
                                const std::function<void(const std::filesystem::path&)>& read) {
  int refused = 0;
  const auto attempt = [&](const std::string& bytes) {
    const std::filesystem::path path = folder.write("damaged", bytes);
    try {
      read(path);
    } catch (const FileError& error) {
      ++refused;
      EXPECT_TRUE(std::string(error.what()).starts_with(path.string())) << error.what();
    }
  };
  for (std::size_t size = 0; size < good.size(); ++size) attempt(good.substr(0, size));
  for (std::size_t place = 0; place < good.size(); ++place) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string bytes = good;
      bytes[place] = static_cast<char>(bytes[place] ^ flip);
      attempt(bytes);
    }
  }
  return refused;
}

}  // namespace dpml
