#include "hdf5_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <span>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/base/unpacking.h"

namespace dpml::hdf5 {

namespace {

struct FreeByHdf5 {
  void operator()(char* text) const { H5free_memory(text); }
};

std::string quoted(const std::string& text) {
  return "\"" + printable(text) + "\"";
}

/// A shape must not make us ask for terabytes. Only a dataset in chunks can be packed, so that it is larger in memory
/// than in the file; any can be without bytes because it was never filled.
void require_believable_size(const Reader& reader, const Dataset& dataset) {
  const Handle creation(H5Dget_create_plist(dataset.id.get()), H5Pclose);
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  const bool is_packed = layout == H5D_CHUNKED || layout == H5D_VIRTUAL;
  const std::uint64_t element = std::max<std::uint64_t>(H5Tget_size(dataset.type.get()), sizeof(float));
  const std::uint64_t stored = H5Dget_storage_size(dataset.id.get());
  const auto elements = static_cast<std::uint64_t>(dataset.shape.size());
  std::uint64_t bytes = 0;
  const bool is_too_long = __builtin_mul_overflow(elements, element, &bytes);
  const bool is_cut = !is_packed && stored > 0 && stored / H5Tget_size(dataset.type.get()) < elements;
  if (!is_too_long && !is_cut && (bytes <= most_unpacked(stored))) return;
  reader.fail("dataset " + quoted(dataset.place) + " says it has shape " + dataset.shape.to_text() +
              ", but the file holds only " + format_bytes(stored) +
              " for it; it is damaged, was never filled, or is packed beyond the " + std::to_string(kMostUnpacking) +
              " times that are unpacked here");
}

Shape shape_of(const Reader& reader, hid_t space, const std::string& place) {
  if (H5Sget_simple_extent_type(space) == H5S_NULL) reader.fail("dataset " + quoted(place) + " is empty (no shape)");
  const int rank = H5Sget_simple_extent_ndims(space);
  std::array<hsize_t, H5S_MAX_RANK> lengths{};
  if (rank < 0 || H5Sget_simple_extent_dims(space, lengths.data(), nullptr) < 0) {
    reader.fail("the shape of dataset " + quoted(place) + " cannot be read" + last_reason());
  }
  std::array<Index, H5S_MAX_RANK> axes{};
  for (std::size_t i = 0; i < static_cast<std::size_t>(rank); ++i) {
    if (lengths[i] > static_cast<hsize_t>(std::numeric_limits<Index>::max())) {
      reader.fail("dataset " + quoted(place) + " says an axis is longer than any file; it is damaged");
    }
    axes[i] = static_cast<Index>(lengths[i]);
  }
  try {
    return Shape(std::span<const Index>(axes.data(), static_cast<std::size_t>(rank)));
  } catch (const ShapeError& error) {
    reader.fail("dataset " + quoted(place) + ": " + error.what());
  }
}

/// C calls it, so it must not throw.
herr_t keep_name(hid_t, const char* name, const H5L_info_t*, void* names) noexcept {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

std::string type_name(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return "integers";
    case H5T_FLOAT:
      return "floating-point numbers";
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return "records of several fields";
    case H5T_ENUM:
      return "named values";
    default:
      return "values of another type";
  }
}

}  // namespace

Reader Reader::open(const std::filesystem::path& path, const std::string& expected) {
  const auto fail_to_open = [&](const std::string& found) {
    throw FileError(path.string() + ": expected " + expected + ", " + found);
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) fail_to_open("found a folder");
  if (!std::filesystem::exists(path, ignored)) fail_to_open("but there is no such file");
  // HDF5 would wait for what a pipe never brings.
  if (!std::filesystem::is_regular_file(path, ignored)) fail_to_open("found a device or a pipe");
  if (std::filesystem::file_size(path, ignored) == 0) fail_to_open("but the file is empty");
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  // Locks fail on some network disks, and a file that is only ever replaced as a whole needs none.
  H5Pset_file_locking(access.get(), false, true);
  auto file = std::make_shared<const Handle>(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file->is_valid()) fail_to_open("but it is not HDF5, or truncated or damaged" + last_reason());
  Handle root(H5Gopen2(file->get(), "/", H5P_DEFAULT), H5Gclose);
  if (!root.is_valid()) fail_to_open("but its root group is damaged" + last_reason());
  return Reader(std::move(file), std::move(root), path.string(), "/");
}

void Reader::fail(const std::string& what) const {
  throw FileError(path_ + ": " + what);
}

bool Reader::has(const std::string& name) const {
  // H5Lexists wants every step of a path to exist but the last.
  for (std::size_t end = name.find('/', 1); end != std::string::npos; end = name.find('/', end + 1)) {
    if (H5Lexists(id(), name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return !name.empty() && H5Lexists(id(), name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Reader::names() const {
  unsigned kept_order = 0;
  const Handle creation(H5Gget_create_plist(id()), H5Pclose);
  H5Pget_link_creation_order(creation.get(), &kept_order);
  const H5_index_t order = (kept_order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  std::vector<std::string> names;
  if (H5Literate(id(), order, H5_ITER_INC, nullptr, keep_name, &names) < 0) {
    fail("group " + quoted(place_) + " cannot be listed" + last_reason());
  }
  return names;
}

Reader Reader::group(const std::string& name) const {
  if (!has(name)) fail("expected a group " + quoted(place_ + name) + ", but there is none");
  Handle group(H5Gopen2(id(), name.c_str(), H5P_DEFAULT), H5Gclose);
  if (!group.is_valid()) fail(quoted(place_ + name) + " cannot be opened as a group" + last_reason());
  return Reader(file_, std::move(group), path_, place_ + name + "/");
}

Dataset Reader::dataset(const std::string& name) const {
  const std::string place = place_ + name;
  if (!has(name)) {
    std::vector<std::string> found = names();
    for (std::string& member : found) member = printable(member);
    const std::string members = found.empty() ? "nothing" : list_words(found, " and ");
    fail("expected a dataset " + quoted(place) + ", but there is none; " + quoted(place_) + " holds " + members);
  }
  Dataset dataset{
      .id = Handle(H5Oopen(id(), name.c_str(), H5P_DEFAULT), H5Oclose), .type = {}, .shape = {}, .place = place};
  if (!dataset.id.is_valid()) fail(quoted(place) + " cannot be opened" + last_reason());
  if (H5Iget_type(dataset.id.get()) != H5I_DATASET) fail("expected a dataset " + quoted(place) + ", found a group");
  dataset.type = Handle(H5Dget_type(dataset.id.get()), H5Tclose);
  const Handle space(H5Dget_space(dataset.id.get()), H5Sclose);
  if (!dataset.type.is_valid() || !space.is_valid()) fail("dataset " + quoted(place) + " is damaged" + last_reason());
  dataset.shape = shape_of(*this, space.get(), place);
  require_believable_size(*this, dataset);
  return dataset;
}

void Reader::require_numbers(const Dataset& dataset) const {
  const H5T_class_t kind = H5Tget_class(dataset.type.get());
  // Python's booleans are stored as an enumeration of two integers.
  if (kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM) return;
  fail("expected numbers in dataset " + quoted(dataset.place) + ", found " + type_name(dataset.type.get()));
}

Tensor Reader::floats(const std::string& name) const {
  const Dataset found = dataset(name);
  require_numbers(found);
  try {
    Tensor tensor(found.shape);
    if (H5Dread(found.id.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.mutable_data()) < 0) {
      fail("dataset " + quoted(found.place) + " cannot be read" + last_reason());
    }
    return tensor;
  } catch (const std::bad_alloc&) {
    fail("dataset " + quoted(found.place) + " of shape " + found.shape.to_text() + " does not fit into memory");
  }
}

std::optional<std::vector<std::string>> read_strings(hid_t type, std::size_t count,
                                                     const std::function<herr_t(hid_t, void*)>& read) {
  std::vector<std::string> strings;
  if (count == 0) return strings;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> found(count, nullptr);
    const bool is_read = read(type, found.data()) >= 0;
    const std::vector<std::unique_ptr<char, FreeByHdf5>> owned(found.begin(), found.end());
    if (!is_read) return std::nullopt;
    for (const auto& text : owned) strings.emplace_back(text == nullptr ? "" : text.get());
    return strings;
  }
  const std::size_t length = H5Tget_size(type);
  std::string bytes(count * length, '\0');
  if (length == 0 || read(type, bytes.data()) < 0) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view padded = std::string_view(bytes).substr(i * length, length);
    strings.emplace_back(padded.substr(0, padded.find('\0')));
  }
  return strings;
}

}  // namespace dpml::hdf5
