#include "dpml/io/weight_writers.h"

#include <zip.h>

#include <bit>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"

namespace dpml {

static_assert(std::endian::native == std::endian::little, "both formats are written little-endian");

namespace {

using Json = nlohmann::ordered_json;

void require_name(const std::filesystem::path& path, const std::string& name) {
  if (name != "__metadata__" && name != "dpml_guarantee" && !first_invalid_utf8(name)) return;
  throw FileError(path.string() + ": cannot hold a weight of the name " + printable(name));
}

/// As text in ASCII.
std::string text_of(const Json& json, const std::filesystem::path& path) {
  try {
    return json.dump(-1, ' ', true);
  } catch (const Json::exception&) {
    throw FileError(path.string() + ": cannot hold text that is no UTF-8");
  }
}

std::string_view bytes_of(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data()), tensor.values().size_bytes()};
}

/// Header of a NumPy array, format 1.
std::string npy_header(const std::string& element, const Shape& shape) {
  constexpr std::size_t kFront = 10;  // magic, version, length
  constexpr std::size_t kAlignment = 64;
  std::string axes;
  for (const Index axis : shape.axes()) axes += std::to_string(axis) + ", ";
  if (shape.rank() > 0) axes.resize(axes.size() - (shape.rank() == 1 ? 1 : 2));  // (3,) and (3, 4)
  std::string text = "{'descr': '" + element + "', 'fortran_order': False, 'shape': (" + axes + "), }";
  text.resize((kFront + text.size() + kAlignment) / kAlignment * kAlignment - kFront - 1, ' ');
  text += '\n';
  const std::string length{static_cast<char>(text.size() & 255U), static_cast<char>(text.size() >> 8U)};
  return std::string("\x93NUMPY\1", 7) + '\0' + length + text;
}

/// A text of ASCII as a NumPy array without axes: four bytes a letter.
std::string npy_text(const std::string& text) {
  std::string bytes = npy_header("<U" + std::to_string(text.size()), Shape{});
  for (const char letter : text) bytes += {letter, '\0', '\0', '\0'};
  return bytes;
}

/// A zip archive in memory, its members stored as they are.
class Archive {
 public:
  explicit Archive(const std::filesystem::path& path) : path_(path.string()) {
    source_.reset(zip_source_buffer_create(nullptr, 0, 0, nullptr));
    if (!source_) fail();
    archive_ = zip_open_from_source(source_.get(), ZIP_TRUNCATE, nullptr);
    if (archive_ == nullptr) fail();
    zip_source_keep(source_.get());
  }
  ~Archive() {
    if (archive_ != nullptr) zip_discard(archive_);
  }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  /// The pieces, one behind the other, which stay where they are until the archive is finished.
  void add(const std::string& name, std::string_view front, std::string_view back) {
    zip_buffer_fragment_t pieces[2] = {};
    std::size_t count = 0;
    for (const std::string_view piece : {front, back}) {
      if (piece.empty()) continue;
      // The library reads them and has no other type for it.
      pieces[count].data = reinterpret_cast<zip_uint8_t*>(const_cast<char*>(piece.data()));
      pieces[count++].length = piece.size();
    }
    zip_source_t* content = zip_source_buffer_fragment(archive_, pieces, count, 0);
    if (content == nullptr) fail();
    const zip_int64_t place = zip_file_add(archive_, name.c_str(), content, ZIP_FL_ENC_UTF_8);
    if (place < 0) {
      zip_source_free(content);
      fail();
    }
    constexpr zip_uint16_t kFirstDay = 0x21;  // of 1980: equal weights give equal bytes
    const auto index = static_cast<zip_uint64_t>(place);
    if (zip_set_file_compression(archive_, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive_, index, 0, kFirstDay, 0) != 0) {
      fail();
    }
  }

  std::string finished() {
    if (zip_close(archive_) != 0) fail();
    archive_ = nullptr;
    zip_stat_t facts;
    zip_stat_init(&facts);
    if (zip_source_stat(source_.get(), &facts) != 0 || zip_source_open(source_.get()) != 0) fail();
    std::string bytes(facts.size, '\0');
    const zip_int64_t count = zip_source_read(source_.get(), bytes.data(), bytes.size());
    zip_source_close(source_.get());
    if (count < 0 || static_cast<zip_uint64_t>(count) != bytes.size()) fail();
    return bytes;
  }

 private:
  struct FreeSource {
    void operator()(zip_source_t* source) const { zip_source_free(source); }
  };

  [[noreturn]] void fail() const {
    const std::string reason = archive_ == nullptr ? "not enough memory?" : zip_strerror(archive_);
    throw FileError(path_ + ": the archive could not be made: " + reason);
  }

  std::string path_;
  std::unique_ptr<zip_source_t, FreeSource> source_;
  zip_t* archive_ = nullptr;
};

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> weights, Metadata metadata) {
  Json header = Json::object();
  for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  std::uint64_t begin = 0;
  for (const NamedTensor& weight : weights) {
    require_name(path, weight.name);
    const std::uint64_t end = begin + weight.value.values().size_bytes();
    const std::span<const Index> axes = weight.value.shape().axes();
    header[weight.name] = {
        {"dtype", "F32"}, {"shape", std::vector<Index>(axes.begin(), axes.end())}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = text_of(header, path);
  constexpr std::size_t kAlignment = 8;
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const std::uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes.reserve(bytes.size() + text.size() + begin);
  bytes += text;
  for (const NamedTensor& weight : weights) bytes += bytes_of(weight.value);
  replace_file(path, bytes);
}

void write_npz(const std::filesystem::path& path, std::span<const NamedTensor> weights, Metadata metadata) {
  Json guarantee = Json::object();
  for (const auto& [key, value] : metadata) guarantee[key] = value;
  const std::string text = npy_text(text_of(guarantee, path));
  std::vector<std::string> headers;
  for (const NamedTensor& weight : weights) headers.push_back(npy_header("<f4", weight.value.shape()));
  Archive archive(path);
  archive.add("dpml_guarantee.npy", text, "");
  for (std::size_t i = 0; i < weights.size(); ++i) {
    require_name(path, weights[i].name);
    archive.add(weights[i].name + ".npy", headers[i], bytes_of(weights[i].value));
  }
  replace_file(path, archive.finished());
}

}  // namespace dpml
