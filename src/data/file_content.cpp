#include "file_content.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/memory.h"
#include "dpml/base/text.h"
#include "dpml/base/unpacking.h"
#include "dpml/data/data_file.h"

namespace dpml {

namespace {

constexpr std::array<std::uint8_t, 2> kGzipMagic{0x1f, 0x8b};

/// A sentence on what may have been meant by a path where there is nothing.
std::string guess(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored)) {
    const std::string text = "; its folder does not exist either";
    if (folder.parent_path() != "/usr/share/datasets") return text;
    return text + ", the Debian package dataset-" + folder.filename().string() + " brings it";
  }
  if (fs::path packed = path; fs::exists(packed += ".gz", ignored)) return "; did you mean " + packed.string() + "?";
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    if (entry->is_regular_file(ignored)) names.push_back(entry->path().filename().string());
  }
  const std::string nearest = nearest_word(path.filename().string(), names);
  return nearest.empty() ? "; look for it in " + folder.string()
                         : "; did you mean " + (folder / printable(nearest)).string() + "?";
}

}  // namespace

struct FileContent::Unpacker {
  z_stream stream{};
  std::vector<std::uint8_t> packed = std::vector<std::uint8_t>(std::size_t{1} << 16);
  bool between_members = false;  ///< one gzip member is complete; the file may end here or go on with another
  std::uint64_t unpacked = 0;    ///< bytes that came out so far

  Unpacker() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~Unpacker() { inflateEnd(&stream); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
};

FileContent::FileContent(const std::filesystem::path& path) : path_(path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::none) fail("cannot be opened: " + error.message());
  if (!std::filesystem::exists(status)) fail("no such file" + guess(path));
  if (std::filesystem::is_directory(status)) fail("expected a file, found a folder");
  if (!std::filesystem::is_regular_file(status)) fail("expected a regular file, found a device or a pipe");
  size_ = std::filesystem::file_size(path, error);
  if (error) fail("cannot be opened: " + error.message());
  file_.open(path, std::ios::binary);
  if (!file_) fail(std::string("cannot be opened: ") + std::strerror(errno));
  if (size_ == 0) fail("the file is empty");
  if (size_ > usable_memory()) {
    fail("is " + format_bytes(size_) + " long, more than the " + format_bytes(usable_memory()) + " of this machine");
  }

  std::array<std::uint8_t, 2> start{};
  const bool packed = read_plain(start) == start.size() && start == kGzipMagic;
  file_.clear();
  file_.seekg(0);
  position_ = 0;
  if (packed) unpacker_ = std::make_unique<Unpacker>();
}

FileContent::~FileContent() = default;

void require_readable(const std::filesystem::path& path) {
  const FileContent content(path);
}

void FileContent::fail(const std::string& problem) const {
  throw FileError(path_.string() + ": " + problem);
}

std::uint64_t FileContent::most_left() const {
  return is_packed() ? most_unpacked(size_) : size_ - position_;
}

std::size_t FileContent::read_plain(std::span<std::uint8_t> into) {
  file_.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
  if (file_.bad()) fail(std::string("cannot be read: ") + std::strerror(errno));
  const auto count = static_cast<std::size_t>(file_.gcount());
  position_ += count;
  return count;
}

bool FileContent::refill() {
  z_stream& stream = unpacker_->stream;
  if (stream.avail_in == 0) {
    stream.next_in = unpacker_->packed.data();
    stream.avail_in = static_cast<uInt>(read_plain(unpacker_->packed));
  }
  return stream.avail_in > 0;
}

std::size_t FileContent::unpack(std::span<std::uint8_t> into) {
  z_stream& stream = unpacker_->stream;
  stream.next_out = into.data();
  stream.avail_out = static_cast<uInt>(into.size());
  while (stream.avail_out > 0) {
    const bool more = refill();
    if (!more && unpacker_->between_members) break;
    if (!more) fail("the gzip data is cut off: the file ends before its checksum");
    if (unpacker_->between_members) {
      if (*stream.next_in != kGzipMagic[0]) fail("bytes follow the end of the gzip data");
      inflateReset(&stream);
    }
    const uInt room = stream.avail_out;
    const int result = inflate(&stream, Z_NO_FLUSH);
    unpacker_->unpacked += room - stream.avail_out;
    if (unpacker_->unpacked > most_unpacked(position_ - stream.avail_in)) {
      fail("the gzip data unfolds to more than " + std::to_string(kMostUnpacking) +
           " times its length; unpack the file yourself if that is right");
    }
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK && result != Z_STREAM_END) fail("the gzip data is damaged; fetch the file again");
    unpacker_->between_members = result == Z_STREAM_END;
  }
  return into.size() - stream.avail_out;
}

std::size_t FileContent::read_some(std::span<std::uint8_t> into) {
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts with 32 bits
  std::size_t done = 0;
  while (done < into.size()) {
    const auto piece = into.subspan(done, std::min(kPiece, into.size() - done));
    const std::size_t count = is_packed() ? unpack(piece) : read_plain(piece);
    done += count;
    if (count < piece.size()) break;
  }
  return done;
}

void FileContent::read(std::span<std::uint8_t> into, std::string_view what) {
  if (read_some(into) < into.size()) fail("the file ends inside " + std::string(what));
}

void FileContent::expect_end() {
  std::array<std::uint8_t, 1> next{};
  if (read_some(next) > 0) fail("bytes follow the last number that the header announces");
}

}  // namespace dpml
