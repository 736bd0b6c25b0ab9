#include "record_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

#include "child_process.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/io/not_as_written.h"
#include "record_scan.h"

namespace dpml::hdf5 {

namespace {

// What a scan may need beside the file itself, and how long it may go without an answer.
constexpr std::uint64_t kMemoryOfScan = std::uint64_t{200} << 20;
constexpr double kPatienceSeconds = 10;

// What is text, or counted beside text, is taken into memory as a whole.
constexpr std::uint64_t kMostTextBytes = std::uint64_t{32} << 20;
constexpr std::uint64_t kMostRows = std::uint64_t{1} << 17;

constexpr char kScanned = 's';
constexpr char kRefused = 'x';

/// HDF5's superblock, version 2 or later: signature, version, ..., and where the file ends.
constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
constexpr std::size_t kEndOfFile = 28;
constexpr std::size_t kSuperblock = 48;

std::string shown(const std::string& text) {
  return "\"" + printable(text) + "\"";
}

}  // namespace

/// Reads what the child told. A child that was taken over by a crafted file may tell anything.
class RecordTree::Decoder {
 public:
  Decoder(RecordTree& tree, std::string_view scan) : tree_(tree), rest_(scan) {}

  void decode(RecordGroup& root) {
    group(root, "/", 0);
    if (!rest_.empty()) fail();
  }

 private:
  [[noreturn]] void fail() const { throw FileError(tree_.path_ + ": is damaged: its tree cannot be made out"); }

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) fail();
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  template <class Number>
  Number number() {
    Number value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::uint64_t count() { return number<std::uint64_t>(); }
  char kind() { return take(1).front(); }
  std::string text() { return std::string(take(count())); }

  void group(RecordGroup& into, const std::string& place, int depth) {
    constexpr int kDeepest = 8;
    if (depth > kDeepest) fail();
    into.tree_ = &tree_;
    into.place_ = place;
    for (std::uint64_t left = count(); left > 0; --left) into.attributes_.push_back(attribute());
    for (std::uint64_t left = count(); left > 0; --left) {
      std::string name = text();
      const char of_kind = kind();
      if (of_kind == 'g') {
        auto child = std::make_unique<RecordGroup>();
        group(*child, place + name + "/", depth + 1);
        into.members_.push_back({std::move(name), std::move(child)});
      } else {
        into.members_.push_back({std::move(name), dataset(of_kind)});
      }
    }
  }

  RecordGroup::Attribute attribute() {
    RecordGroup::Attribute attribute{.name = text(), .value = {}};
    switch (kind()) {
      case 't':
        attribute.value = text();
        return attribute;
      case 'c':
        attribute.value = count();
        return attribute;
      case 'n':
        attribute.value = number<double>();
        return attribute;
      default:
        fail();
    }
  }

  RecordGroup::Dataset dataset(char of_kind) {
    RecordGroup::Dataset dataset{.kind = of_kind};
    std::uint64_t rank = count();
    if (rank > Shape::kMaxRank) fail();
    for (; rank > 0; --rank) dataset.axes.push_back(count());
    dataset.element_bytes = count();
    dataset.offset = count();
    dataset.bytes = count();
    std::uint64_t bytes = dataset.element_bytes;
    bool is_too_long = false;
    for (const std::uint64_t axis : dataset.axes) is_too_long |= __builtin_mul_overflow(bytes, axis, &bytes);
    const std::uint64_t element = of_kind == 'f' ? 4 : of_kind == 'c' ? 8 : dataset.element_bytes;
    if (is_too_long || bytes != dataset.bytes || element != dataset.element_bytes || element == 0) fail();
    if (dataset.bytes > tree_.bytes_ || dataset.offset > tree_.bytes_ - dataset.bytes) fail();
    total_ += dataset.bytes;
    if (total_ > tree_.bytes_) fail();
    return dataset;
  }

  RecordTree& tree_;
  std::string_view rest_;
  std::uint64_t total_ = 0;
};

RecordTree::RecordTree(const std::filesystem::path& path) : path_(path.string()) {
  open(path);
  try {
    Decoder(*this, scanned()).decode(root_);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

RecordTree::RecordTree(const std::filesystem::path& path, std::string_view scan) : path_(path.string()) {
  open(path);
  try {
    Decoder(*this, scan).decode(root_);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

void RecordTree::open(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat about {};
  const auto close_and_fail = [&](const std::string& what) {
    if (file_ >= 0) ::close(file_);
    throw FileError(path_ + ": " + what);
  };
  if (file_ < 0) close_and_fail(errno == ENOENT ? "there is no such file" : std::string(std::strerror(errno)));
  if (::fstat(file_, &about) != 0) close_and_fail(std::strerror(errno));
  if (S_ISDIR(about.st_mode)) close_and_fail("expected a file of dpml, found a folder");
  if (!S_ISREG(about.st_mode)) close_and_fail("expected a file of dpml, found a device or a pipe");
  bytes_ = static_cast<std::uint64_t>(about.st_size);
}

/// What the child tells of the file, after a look at the file's first bytes.
std::string RecordTree::scanned() const {
  std::array<char, kSuperblock> start{};
  const std::string no_hdf5 = path_ + ": expected a file of dpml, but it is not HDF5";
  if (bytes_ < start.size()) throw FileError(no_hdf5);
  read(0, start.data(), start.size());
  if (std::string_view(start.data(), kSignature.size()) != kSignature) throw FileError(no_hdf5);
  // Older layouts have no checksums, and HDF5 may crash on a damaged one: they are not opened at all.
  if (start[kSignature.size()] < 2) {
    throw FileError(path_ + ": is an HDF5 file without checksums, which dpml did not write");
  }
  std::uint64_t end = 0;
  std::memcpy(&end, start.data() + kEndOfFile, sizeof end);
  if (end > bytes_) {
    throw FileError(path_ + ": is truncated: " + std::to_string(end) + " bytes were written, " +
                    std::to_string(bytes_) + " are left");
  }
  if (end < bytes_) {
    throw NotAsWritten(path_ + ": has " + counted(static_cast<std::int64_t>(bytes_ - end), "byte") +
                       " after its end; dpml did not write this file");
  }
  ChildProcess child({.place = path_,
                      .patience_seconds = kPatienceSeconds,
                      .most_message_bytes = bytes_ + kMemoryOfScan,
                      .most_memory_bytes = kMemoryOfScan},
                     [&](const Sender& parent) {
                       std::string answer;
                       try {
                         answer = kScanned + scan_record(path_, bytes_);
                       } catch (const NotAsWritten& refused) {
                         answer = std::string(1, kRefused) + refused.what();
                       }
                       parent.send(answer.data(), answer.size());
                     });
  std::string answer = child.receive();
  if (answer.starts_with(kRefused)) throw NotAsWritten(answer.substr(1));
  if (!answer.starts_with(kScanned)) throw FileError(path_ + ": is damaged: nothing could be read");
  return answer.substr(1);
}

RecordTree::~RecordTree() {
  ::close(file_);
}

void RecordTree::read(std::uint64_t offset, void* into, std::size_t size) const {
  char* next = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t count = ::pread(file_, next, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(path_ + ": cannot be read: " + std::strerror(errno));
    if (count == 0) throw FileError(path_ + ": became shorter while it was read");
    next += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
}

void RecordTree::require_bytes(std::string_view expected) const {
  const auto differs = [&](std::uint64_t at) {
    throw NotAsWritten(path_ + ": is not what dpml writes for its content (from byte " + std::to_string(at) + " of " +
                       std::to_string(bytes_) + " on): it was changed, or written by another program");
  };
  std::string piece(std::size_t{1} << 20, '\0');
  for (std::uint64_t at = 0; at < bytes_; at += piece.size()) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes_ - at));
    read(at, piece.data(), size);
    const std::string_view wanted = at < expected.size() ? expected.substr(at, size) : std::string_view();
    const auto pair = std::mismatch(wanted.begin(), wanted.end(), piece.begin());
    if (wanted.size() < size || pair.first != wanted.end()) {
      differs(at + static_cast<std::uint64_t>(pair.first - wanted.begin()));
    }
  }
  if (expected.size() != bytes_) differs(bytes_);
}

const std::string& RecordGroup::path() const {
  return tree_->path();
}

void RecordGroup::fail(const std::string& what) const {
  throw NotAsWritten(tree_->path() + ": " + what);
}

bool RecordGroup::has_attribute(const std::string& name) const {
  return std::any_of(attributes_.begin(), attributes_.end(), [&](const Attribute& a) { return a.name == name; });
}

bool RecordGroup::has(const std::string& name) const {
  return std::any_of(members_.begin(), members_.end(), [&](const Member& m) { return m.name == name; });
}

template <class Value>
Value RecordGroup::attribute(const std::string& name, const std::string& kind) {
  for (Attribute& attribute : attributes_) {
    if (attribute.name != name) continue;
    attribute.is_taken = true;
    if (const Value* value = std::get_if<Value>(&attribute.value)) return *value;
    fail("expected " + kind + " in attribute " + shown(name) + " of " + shown(place_));
  }
  fail("expected an attribute " + shown(name) + " of " + shown(place_) + ", but there is none");
}

std::string RecordGroup::text_attribute(const std::string& name) {
  std::string text = attribute<std::string>(name, "text");
  text.resize(text.find_last_not_of('\0') + 1);
  if (text.find('\0') != std::string::npos || first_invalid_utf8(text)) {
    fail("attribute " + shown(name) + " of " + shown(place_) + " is no text: it has zero bytes inside or is no UTF-8");
  }
  return text;
}

double RecordGroup::number_attribute(const std::string& name) {
  return attribute<double>(name, "a number");
}

std::uint64_t RecordGroup::count_attribute(const std::string& name) {
  return attribute<std::uint64_t>(name, "a whole number");
}

bool RecordGroup::flag_attribute(const std::string& name) {
  const std::uint64_t value = count_attribute(name);
  if (value > 1)
    fail("attribute " + shown(name) + " of " + shown(place_) + " is " + std::to_string(value) + ", expected 0 or 1");
  return value == 1;
}

RecordGroup::Member& RecordGroup::member(const std::string& name) {
  for (Member& member : members_) {
    if (member.name != name) continue;
    member.is_taken = true;
    return member;
  }
  fail("expected " + shown(place_ + name) + ", but there is no such thing");
}

RecordGroup& RecordGroup::group(const std::string& name) {
  Member& found = member(name);
  if (auto* group = std::get_if<std::unique_ptr<RecordGroup>>(&found.content)) return **group;
  fail("expected a group " + shown(place_ + name) + ", found a dataset");
}

std::vector<RecordGroup*> RecordGroup::numbered_groups() {
  std::vector<RecordGroup*> groups;
  for (std::size_t i = 0; has(std::to_string(i)); ++i) groups.push_back(&group(std::to_string(i)));
  return groups;
}

const RecordGroup::Dataset& RecordGroup::dataset(const std::string& name, char kind, const std::string& expected) {
  const Member& found = member(name);
  const auto* dataset = std::get_if<Dataset>(&found.content);
  if (dataset == nullptr || dataset->kind != kind) fail("expected " + expected + " in " + shown(place_ + name));
  const bool is_too_long = !dataset->axes.empty() && dataset->axes.front() > kMostRows;
  if (is_too_long || dataset->bytes > kMostTextBytes)
    fail(shown(place_ + name) + " is longer than any that dpml writes");
  return *dataset;
}

std::vector<std::string> RecordGroup::split_texts(const Dataset& dataset, const std::string& name) const {
  std::string bytes(static_cast<std::size_t>(dataset.bytes), '\0');
  tree_->read(dataset.offset, bytes.data(), bytes.size());
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < bytes.size(); at += static_cast<std::size_t>(dataset.element_bytes)) {
    std::string text = bytes.substr(at, static_cast<std::size_t>(dataset.element_bytes));
    text.resize(text.find_last_not_of('\0') + 1);
    if (text.find('\0') != std::string::npos || first_invalid_utf8(text)) {
      fail(shown(place_ + name) + " is no text: it has zero bytes inside or is no UTF-8");
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string RecordGroup::text(const std::string& name) {
  return split_texts(dataset(name, 't', "one text"), name).at(0);
}

std::vector<std::string> RecordGroup::texts(const std::string& name) {
  return split_texts(dataset(name, 'T', "a list of texts"), name);
}

std::vector<std::uint64_t> RecordGroup::counts(const std::string& name) {
  const Dataset& found = dataset(name, 'c', "a list of whole numbers");
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(found.bytes / sizeof(std::uint64_t)));
  tree_->read(found.offset, counts.data(), static_cast<std::size_t>(found.bytes));
  return counts;
}

const RecordGroup::Dataset& RecordGroup::floats(const Member& member) const {
  const auto* dataset = std::get_if<Dataset>(&member.content);
  if (dataset == nullptr || dataset->kind != 'f') fail("expected float32 numbers in " + shown(place_ + member.name));
  if (first_invalid_utf8(member.name)) fail("the name " + shown(place_ + member.name) + " is no UTF-8");
  return *dataset;
}

Shape RecordGroup::shape(const Member& member) const {
  const Dataset& dataset = floats(member);
  try {
    return Shape(std::vector<Index>(dataset.axes.begin(), dataset.axes.end()));
  } catch (const ShapeError& error) {
    fail(shown(place_ + member.name) + ": " + error.what());
  }
}

Tensor RecordGroup::tensor(const Member& member) const {
  const Dataset& dataset = floats(member);
  try {
    Tensor tensor(shape(member));
    tree_->read(dataset.offset, tensor.mutable_data(), static_cast<std::size_t>(dataset.bytes));
    return tensor;
  } catch (const std::bad_alloc&) {
    throw FileError(tree_->path() + ": " + shown(place_ + member.name) + " does not fit into memory");
  }
}

std::vector<NamedShape> RecordGroup::shapes() const {
  std::vector<NamedShape> shapes;
  for (const Member& member : members_) shapes.push_back({member.name, shape(member)});
  return shapes;
}

std::vector<NamedTensor> RecordGroup::tensors() {
  std::vector<NamedTensor> tensors;
  for (Member& member : members_) {
    member.is_taken = true;
    tensors.push_back({member.name, tensor(member)});
  }
  return tensors;
}

void RecordGroup::require_all_taken() const {
  for (const Attribute& attribute : attributes_) {
    if (!attribute.is_taken) {
      fail("has an attribute " + shown(attribute.name) + " of " + shown(place_) + " that is no part of the format");
    }
  }
  for (const Member& member : members_) {
    if (!member.is_taken) fail("has " + shown(place_ + member.name) + ", which is no part of the format");
    if (const auto* group = std::get_if<std::unique_ptr<RecordGroup>>(&member.content)) (*group)->require_all_taken();
  }
}

}  // namespace dpml::hdf5
