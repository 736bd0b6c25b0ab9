#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "child_process.h"
#include "dpml/base/text.h"
#include "dpml/io/arrays.h"
#include "hdf5_reader.h"

namespace dpml {

namespace {

constexpr std::size_t kLongestText = 100;  ///< attributes beyond are described, not shown
constexpr hssize_t kMostNumbers = 8;
constexpr std::size_t kLongestTree = 1U << 20;
constexpr hsize_t kMostAttributes = 100;  ///< of one object
constexpr int kDeepestGroup = 50;

std::string type_text(hid_t type) {
  const std::string bits = std::to_string(8 * H5Tget_size(type));
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return (H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int") + bits;
    case H5T_FLOAT:
      return "float" + bits;
    case H5T_STRING:
      return "text";
    case H5T_ENUM:
      return "enumeration";
    case H5T_COMPOUND:
      return "record of " + counted(H5Tget_nmembers(type), "field");
    case H5T_REFERENCE:
      return "reference";
    case H5T_OPAQUE:
      return "opaque bytes";
    case H5T_ARRAY:
    case H5T_VLEN:
      return "lists";
    default:
      return "unknown type";
  }
}

/// "float32 [16, 1, 8, 8]", "text" for a single one.
std::string type_and_shape(hid_t type, hid_t space) {
  const std::string name = type_text(type);
  if (H5Sget_simple_extent_type(space) == H5S_NULL) return name + ", empty";
  std::array<hsize_t, H5S_MAX_RANK> axes{};
  const int rank = H5Sget_simple_extent_dims(space, axes.data(), nullptr);
  if (rank < 0) return name + ", shape unreadable";
  std::string text;
  for (int i = 0; i < rank; ++i) text += (i > 0 ? ", " : "") + std::to_string(axes[static_cast<std::size_t>(i)]);
  return rank == 0 ? name : name + " [" + text + "]";
}

class TreePrinter {
 public:
  std::string print(const hdf5::Reader& root) {
    text_ = "/\n";
    members(root, 1);
    return std::move(text_);
  }

 private:
  void line(int depth, const std::string& content) {
    text_ += std::string(2 * static_cast<std::size_t>(depth), ' ') + content + "\n";
  }

  void members(const hdf5::Reader& group, int depth) {
    attributes(group.id(), depth);
    for (const std::string& name : group.names()) {
      if (text_.size() > kLongestTree) return line(depth, "... (more, not shown)");
      member(group, name, depth);
    }
  }

  void member(const hdf5::Reader& group, const std::string& name, int depth) {
    const std::string shown = printable(name);
    H5L_info_t link{};
    if (H5Lget_info(group.id(), name.c_str(), &link, H5P_DEFAULT) < 0) return line(depth, shown + "  unreadable");
    if (link.type == H5L_TYPE_EXTERNAL) return line(depth, shown + "  link into another file, not followed");
    if (link.type != H5L_TYPE_HARD) return line(depth, shown + "  link to another place in this file");
    const hdf5::Handle object(H5Oopen(group.id(), name.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object.is_valid()) return line(depth, shown + "  unreadable" + hdf5::last_reason());
    if (H5Iget_type(object.get()) == H5I_DATASET) return dataset(object.get(), shown, depth);
    if (H5Iget_type(object.get()) != H5I_GROUP) return line(depth, shown + "  named type");
    line(depth, shown + "/");
    H5O_info_t info{};
    const bool is_known = H5Oget_info2(object.get(), &info, H5O_INFO_BASIC) < 0 || !seen_.insert(info.addr).second;
    if (is_known || depth >= kDeepestGroup) return line(depth + 1, "... (shown above, or too deep)");
    members(group.group(name), depth + 1);
  }

  void dataset(hid_t dataset, const std::string& shown, int depth) {
    const hdf5::Handle type(H5Dget_type(dataset), H5Tclose);
    const hdf5::Handle space(H5Dget_space(dataset), H5Sclose);
    line(depth, shown + "  " + type_and_shape(type.get(), space.get()));
    attributes(dataset, depth + 1);
  }

  void attributes(hid_t object, int depth) {
    H5O_info_t info{};
    if (H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS) < 0) return line(depth, "@  unreadable");
    // By their index each would take time that grows with their number.
    std::vector<std::string> names;
    hsize_t next = 0;
    if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &next, keep_name, &names) < 0) {
      line(depth, "@  unreadable" + hdf5::last_reason());
    }
    for (const std::string& name : names) {
      if (text_.size() > kLongestTree) return;
      const hdf5::Handle found(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
      line(depth, "@" + printable(name) +
                      (found.is_valid() ? " = " + attribute_value(found.get()) : "  unreadable" + hdf5::last_reason()));
    }
    if (info.num_attrs > kMostAttributes) {
      line(depth, "@  ... (" + std::to_string(info.num_attrs - kMostAttributes) + " more, not shown)");
    }
  }

  /// C calls it, so it must not throw.
  static herr_t keep_name(hid_t, const char* name, const H5A_info_t*, void* names) noexcept {
    auto& kept = *static_cast<std::vector<std::string>*>(names);
    kept.emplace_back(name);
    return kept.size() < kMostAttributes ? 0 : 1;  // 1 ends the iteration
  }

  static std::string attribute_value(hid_t attribute) {
    const hdf5::Handle type(H5Aget_type(attribute), H5Tclose);
    const hdf5::Handle space(H5Aget_space(attribute), H5Sclose);
    const std::string described = "(" + type_and_shape(type.get(), space.get()) + ")";
    const hssize_t count = H5Sget_simple_extent_npoints(space.get());
    const H5T_class_t kind = H5Tget_class(type.get());
    if (kind == H5T_STRING && count == 1 && H5Tget_size(type.get()) <= kLongestTree) {
      const auto read = [&](hid_t as, void* into) { return H5Aread(attribute, as, into); };
      const auto value = hdf5::read_strings(type.get(), 1, read);
      return value && value->front().size() <= kLongestText ? "\"" + printable(value->front()) + "\"" : described;
    }
    if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || count < 1 || count > kMostNumbers) return described;
    std::array<double, kMostNumbers> numbers{};
    if (H5Aread(attribute, H5T_NATIVE_DOUBLE, numbers.data()) < 0) return described;
    std::string text;
    for (hssize_t i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + to_text(numbers[static_cast<std::size_t>(i)]);
    return count == 1 ? text : "[" + text + "]";
  }

  std::string text_;
  std::set<haddr_t> seen_;
};

}  // namespace

std::string hdf5_tree(const std::filesystem::path& path) {
  constexpr std::uint64_t kMemory = std::uint64_t{200} << 20;
  ChildProcess child({.place = path.string(), .patience_seconds = 10, .most_memory_bytes = kMemory},
                     [&](const Sender& parent) {
                       const hdf5::QuietErrors quiet;
                       const std::string text = TreePrinter().print(hdf5::Reader::open(path, "an HDF5 file"));
                       parent.send(text.data(), text.size());
                     });
  return child.receive();
}

}  // namespace dpml
