#include <zip.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/base/unpacking.h"
#include "dpml/data/npy_header.h"
#include "dpml/tensor/float_formats.h"
#include "weight_file.h"

namespace dpml {

namespace {

constexpr std::string_view kSuffix = ".npy";
constexpr zip_int64_t kMostMembers = 100'000;
constexpr std::size_t kPiece = std::size_t{1} << 20;

struct CloseZip {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

/// What is wrong with one member: told of that one alone.
class MemberProblem : public Error {
 public:
  using Error::Error;
};

std::optional<FloatFormat> format_of(const std::string& element) {
  static const std::map<std::string, FloatFormat> kFormats{
      {"f2", FloatFormat::float16}, {"f4", FloatFormat::float32}, {"f8", FloatFormat::float64}};
  if (element.size() != 3 || (element[0] != '<' && element[0] != '>')) return std::nullopt;
  const auto found = kFormats.find(element.substr(1));
  return found == kFormats.end() ? std::nullopt : std::optional(found->second);
}

/// One array of the archive, unpacked on the way.
class Member {
 public:
  Member(zip_t* archive, zip_uint64_t place) {
    zip_stat_t facts;
    zip_stat_init(&facts);
    constexpr zip_uint64_t kWanted =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(archive, place, 0, &facts) != 0 || (facts.valid & kWanted) != kWanted) fail("is damaged");
    if (facts.encryption_method != ZIP_EM_NONE) fail("is encrypted");
    if (facts.comp_method != ZIP_CM_STORE && facts.comp_method != ZIP_CM_DEFLATE) {
      fail("is packed by another method than zip's deflate");
    }
    if (facts.size > most_unpacked(facts.comp_size)) {
      fail("unfolds to more than " + std::to_string(kMostUnpacking) +
           " times its length; unpack the file yourself if that is right");
    }
    left_ = facts.size;
    file_.reset(zip_fopen_index(archive, place, 0));
    if (!file_) fail("is damaged");
    read_header(facts.size);
  }

  FloatFormat format() const { return format_; }
  const Shape& shape() const { return shape_; }

  /// All of the numbers, once.
  void read_numbers(std::span<float> into) {
    const std::size_t width = bytes_of(format_);
    std::vector<std::uint8_t> piece(std::min(kPiece, into.size() * width));
    while (!into.empty()) {
      const std::size_t count = std::min(into.size(), piece.size() / width);
      read(std::span(piece).first(count * width));
      to_float32(format_, order_, std::span(piece).first(count * width), into.first(count));
      into = into.subspan(count);
    }
    std::uint8_t behind = 0;
    if (zip_fread(file_.get(), &behind, 1) != 0) fail("is damaged");  // its checksum is compared here
  }

 private:
  [[noreturn]] static void fail(const std::string& problem) { throw MemberProblem(problem); }

  void read(std::span<std::uint8_t> into) {
    while (!into.empty()) {
      const zip_int64_t count = zip_fread(file_.get(), into.data(), into.size());
      if (count <= 0) fail("is cut off or damaged");
      into = into.subspan(static_cast<std::size_t>(count));
      left_ -= std::min(left_, static_cast<std::uint64_t>(count));
    }
  }

  void read_header(std::uint64_t size) {
    std::array<std::uint8_t, kNpyStart> start{};
    read(start);
    const NpyHeader header = read_npy_header(start, {.read = [&](std::span<std::uint8_t> into) { read(into); },
                                                     .most_left = [&] { return left_; },
                                                     .fail = [](const std::string& problem) { fail(problem); }});
    const std::optional<FloatFormat> format = format_of(header.element);
    if (!format) fail("holds " + printable(header.element) + "; expected float16, float32 or float64");
    if (header.fortran_order) {
      fail("is an array in Fortran order; expected C order (convert with numpy.ascontiguousarray(x))");
    }
    format_ = *format;
    order_ = header.element[0] == '>' ? std::endian::big : std::endian::little;
    const auto found = describe_array(header.axes, format_, size - std::min(size, header.bytes));
    if (!found.problem.empty()) fail(found.problem);
    shape_ = found.shape;
  }

  std::unique_ptr<zip_file_t, CloseMember> file_;
  std::uint64_t left_ = 0;  ///< bytes to come, as the archive says
  FloatFormat format_ = FloatFormat::float32;
  std::endian order_ = std::endian::little;
  Shape shape_;
};

class Npz final : public WeightFile {
 public:
  explicit Npz(const std::filesystem::path& path) : path_(path.string()) {
    int code = 0;
    archive_.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
    if (!archive_) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      fail("is a damaged .npz archive (" + reason + ")");
    }
    const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
    if (count > kMostMembers) fail("holds more than " + group_digits(kMostMembers) + " arrays");
    for (zip_int64_t i = 0; i < count; ++i) add(static_cast<zip_uint64_t>(i));
  }

  const std::vector<std::string>& names() const override { return names_; }

  Description describe(std::size_t i) override {
    try {
      return {Member(archive_.get(), places_[i]).shape(), ""};
    } catch (const MemberProblem& problem) {
      return {{}, problem.what()};
    }
  }

  Tensor floats(std::size_t i) override {
    try {
      Member member(archive_.get(), places_[i]);
      Tensor tensor(member.shape());
      member.read_numbers(tensor.mutable_values());
      return tensor;
    } catch (const MemberProblem& problem) {
      fail(printable(names_[i]) + " " + problem.what());
    }
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const { throw FileError(path_ + ": " + problem); }

  void add(zip_uint64_t place) {
    const char* raw = zip_get_name(archive_.get(), place, ZIP_FL_ENC_RAW);
    std::string name(raw == nullptr ? "" : raw);
    if (name.ends_with("/data.pkl")) {
      fail(
          "is an archive of pickles, as torch.save writes it, which may run code when it is read; write a safetensors "
          "file, or numpy.savez(file, **{name: tensor.numpy() for name, tensor in model.state_dict().items()})");
    }
    if (!name.ends_with(kSuffix)) return;  // no array
    name.resize(name.size() - kSuffix.size());
    names_.push_back(std::move(name));
    places_.push_back(place);
  }

  std::string path_;
  std::unique_ptr<zip_t, CloseZip> archive_;
  std::vector<std::string> names_;
  std::vector<zip_uint64_t> places_;
};

}  // namespace

std::unique_ptr<WeightFile> open_npz(const std::filesystem::path& path) {
  return std::make_unique<Npz>(path);
}

}  // namespace dpml
