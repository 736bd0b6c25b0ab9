#include "safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/tensor/float_formats.h"
#include "weight_file.h"

namespace dpml {

static_assert(std::endian::native == std::endian::little, "lengths are copied as they are");

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kPiece = std::size_t{1} << 20;

std::uint64_t length_in(std::string_view beginning) {
  std::uint64_t length = 0;
  std::memcpy(&length, beginning.data(), kLengthBytes);
  return length;
}

std::optional<FloatFormat> format_of(const std::string& type) {
  static const std::map<std::string, FloatFormat> kFormats{{"F16", FloatFormat::float16},
                                                           {"BF16", FloatFormat::bfloat16},
                                                           {"F32", FloatFormat::float32},
                                                           {"F64", FloatFormat::float64}};
  const auto found = kFormats.find(type);
  return found == kFormats.end() ? std::nullopt : std::optional(found->second);
}

struct Entry {
  std::string type;
  std::vector<std::uint64_t> axes;
  std::uint64_t begin = 0;  ///< in the numbers
  std::uint64_t end = 0;
};

class Safetensors final : public WeightFile {
 public:
  explicit Safetensors(const std::filesystem::path& path) : path_(path.string()), file_(path, std::ios::binary) {
    std::error_code error;
    const std::uint64_t size = std::filesystem::file_size(path, error);
    if (error || !file_) fail("cannot be read");
    std::array<char, kLengthBytes> start{};
    read(start.data(), start.size());
    const std::uint64_t length = length_in({start.data(), start.size()});
    if (length > kMostSafetensorsHeader) {
      fail("its header says it is " + format_bytes(length) + " long, more than the " +
           format_bytes(kMostSafetensorsHeader) + " that are read");
    }
    if (length > size - kLengthBytes) fail("is cut off, or no safetensors file: it ends inside its header");
    std::string header(length, '\0');
    read(header.data(), header.size());
    numbers_ = kLengthBytes + length;
    read_header(header);
    require_all_bytes_told(size - numbers_);
  }

  const std::vector<std::string>& names() const override { return names_; }

  Description describe(std::size_t i) override {
    const Entry& entry = entries_[i];
    const std::optional<FloatFormat> format = format_of(entry.type);
    if (!format) return {{}, "is " + printable(entry.type) + "; expected F16, BF16, F32 or F64"};
    return describe_array(entry.axes, *format, entry.end - entry.begin);
  }

  Tensor floats(std::size_t i) override {
    const Entry& entry = entries_[i];
    const FloatFormat format = *format_of(entry.type);
    const std::size_t width = bytes_of(format);
    Tensor tensor(describe(i).shape);
    std::span<float> rest = tensor.mutable_values();
    std::vector<std::uint8_t> piece(std::min(kPiece, rest.size() * width));
    file_.seekg(static_cast<std::streamoff>(numbers_ + entry.begin));
    while (!rest.empty()) {
      const std::size_t count = std::min(rest.size(), piece.size() / width);
      read(piece.data(), count * width);
      to_float32(format, std::endian::little, std::span(piece).first(count * width), rest.first(count));
      rest = rest.subspan(count);
    }
    return tensor;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const { throw FileError(path_ + ": " + problem); }

  void read(void* into, std::size_t size) {
    file_.read(static_cast<char*>(into), static_cast<std::streamsize>(size));
    if (static_cast<std::size_t>(file_.gcount()) != size) fail("is cut off, or cannot be read");
  }

  void read_header(const std::string& text) {
    Json header;
    try {
      header = parsed(text);
    } catch (const Json::exception&) {
      fail("its header is no JSON; the file is damaged, or no safetensors file");
    }
    if (!header.is_object()) fail("its header is no JSON object; it is damaged");
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__") continue;
      try {
        names_.push_back(name);
        entries_.push_back(entry_of(value));
      } catch (const Json::exception&) {
        fail("its header says of " + printable(name) + " what is no dtype, shape and data_offsets; it is damaged");
      }
    }
  }

  /// The library would keep the last of several values with one name, and would take some hundred bytes for "[[[[".
  Json parsed(const std::string& text) const {
    constexpr int kDeepest = 2;  // the arrays of an entry
    constexpr std::uint64_t kMostEvents = 2'000'000;
    std::vector<std::set<std::string>> open;  // names in the objects around the place that is read
    std::uint64_t events = 0;
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& value) {
      const bool begins = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
      if (begins && depth > kDeepest) fail("its header is nested deeper than one of safetensors; it is damaged");
      if (++events > kMostEvents) fail("its header tells of more than the 100,000 arrays that are read");
      if (event == Json::parse_event_t::object_start) open.emplace_back();
      if (event == Json::parse_event_t::object_end) open.pop_back();
      if (event == Json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second) {
        fail("its header has two values for " + printable(value.get<std::string>()) + "; it is damaged");
      }
      return true;
    });
  }

  /// Throws Json::exception where a value is of another type.
  static Entry entry_of(const Json& value) {
    const auto whole = [](const Json& number) {  // get() alone would turn a negative one around
      if (!number.is_number_unsigned()) throw Json::type_error::create(302, "no whole number", &number);
      return number.get<std::uint64_t>();
    };
    Entry entry;
    entry.type = value.at("dtype").get_ref<const std::string&>();
    for (const Json& axis : value.at("shape").get_ref<const Json::array_t&>()) entry.axes.push_back(whole(axis));
    const Json& offsets = value.at("data_offsets");
    if (offsets.get_ref<const Json::array_t&>().size() != 2) throw Json::type_error::create(302, "not two", &offsets);
    entry.begin = whole(offsets[0]);
    entry.end = whole(offsets[1]);
    return entry;
  }

  /// Each byte behind the header belongs to one array.
  void require_all_bytes_told(std::uint64_t size) const {
    std::vector<const Entry*> sorted;
    for (const Entry& entry : entries_) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(),
              [](const Entry* a, const Entry* b) { return std::pair(a->begin, a->end) < std::pair(b->begin, b->end); });
    std::uint64_t told = 0;
    for (const Entry* entry : sorted) {
      if (entry->begin != told || entry->end < entry->begin) fail("its arrays overlap or leave gaps; it is damaged");
      told = entry->end;
    }
    if (told == size) return;
    fail("its header tells of " + counted(told, "byte") + " of numbers, but " + group_digits(size) +
         (told > size ? " follow: it is cut off" : " follow: it is damaged"));
  }

  std::string path_;
  std::ifstream file_;
  std::uint64_t numbers_ = 0;  ///< where they begin in the file
  std::vector<std::string> names_;
  std::vector<Entry> entries_;
};

}  // namespace

bool may_be_safetensors(std::string_view beginning) {
  constexpr std::uint64_t kMostOfOthers = 100'000'000;  // that other readers take: such a file is named as what it is
  return beginning.size() >= kSafetensorsStart && beginning[kLengthBytes] == '{' &&
         length_in(beginning) <= kMostOfOthers;
}

std::unique_ptr<WeightFile> open_safetensors(const std::filesystem::path& path) {
  return std::make_unique<Safetensors>(path);
}

}  // namespace dpml
