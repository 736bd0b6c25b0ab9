#include "record_scan.h"

#include <algorithm>
#include <array>
#include <vector>

#include "dpml/base/text.h"
#include "dpml/io/not_as_written.h"
#include "dpml/tensor/shape.h"
#include "hdf5_handle.h"

namespace dpml::hdf5 {

namespace {

// More than any file of dpml has, and few enough to be scanned at once.
constexpr int kDeepestGroup = 4;
constexpr hsize_t kMostMembers = 1U << 16;  // of all groups
constexpr hsize_t kMostAttributes = 64;     // of one group

class Scanner {
 public:
  Scanner(const std::filesystem::path& path, std::uint64_t file_bytes) : path_(path.string()), left_(file_bytes) {}

  std::string scan() {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
    // Locks fail on some network disks, and a file that is only ever replaced as a whole needs none.
    H5Pset_file_locking(access.get(), false, true);
    const Handle file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
    if (!file.is_valid()) damaged("it is truncated or damaged");
    const Handle root(H5Gopen2(file.get(), "/", H5P_DEFAULT), H5Gclose);
    if (!root.is_valid()) damaged("its root group is damaged");
    group(root.get(), "/", 0);
    return writer_.bytes();
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const { throw FileError(path_ + ": " + what + last_reason()); }
  [[noreturn]] void refuse(const std::string& place, const std::string& what) const {
    throw NotAsWritten(path_ + ": \"" + printable(place) + "\" " + what + "; dpml did not write this file");
  }

  /// Everything in the file together is no longer than the file.
  void take(std::uint64_t bytes, const std::string& place) {
    if (bytes > left_) refuse(place, "claims more bytes than the file has");
    left_ -= bytes;
  }

  void group(hid_t id, const std::string& place, int depth) {
    if (depth > kDeepestGroup) refuse(place, "lies deeper than any group of dpml");
    attributes(id, place);
    H5G_info_t info{};
    if (H5Gget_info(id, &info) < 0) damaged("group \"" + printable(place) + "\" cannot be listed");
    if (info.nlinks > members_left_) refuse(place, "has more members than any group of dpml");
    members_left_ -= info.nlinks;
    unsigned kept_order = 0;
    const Handle creation(H5Gget_create_plist(id), H5Pclose);
    H5Pget_link_creation_order(creation.get(), &kept_order);
    if ((kept_order & H5P_CRT_ORDER_TRACKED) == 0) refuse(place, "does not keep the order of its members");
    writer_.count(info.nlinks);
    for (hsize_t i = 0; i < info.nlinks; ++i) member(id, link_name(id, i, place), place, depth);
  }

  std::string link_name(hid_t id, hsize_t i, const std::string& place) const {
    const ssize_t length = H5Lget_name_by_idx(id, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
    if (length <= 0) damaged("group \"" + printable(place) + "\" cannot be listed");
    std::string name(static_cast<std::size_t>(length), '\0');
    H5Lget_name_by_idx(id, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name.data(), name.size() + 1, H5P_DEFAULT);
    return name;
  }

  void member(hid_t parent, const std::string& name, const std::string& parent_place, int depth) {
    const std::string place = parent_place + name;
    H5L_info_t link{};
    if (H5Lget_info(parent, name.c_str(), &link, H5P_DEFAULT) < 0) damaged("\"" + printable(place) + "\" is damaged");
    if (link.type == H5L_TYPE_EXTERNAL) refuse(place, "is a link into another file");
    if (link.type != H5L_TYPE_HARD) refuse(place, "is a link to another place");
    const Handle object(H5Oopen(parent, name.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object.is_valid()) damaged("\"" + printable(place) + "\" cannot be opened");
    H5O_info_t info{};
    if (H5Oget_info2(object.get(), &info, H5O_INFO_BASIC) < 0) damaged("\"" + printable(place) + "\" is damaged");
    if (info.rc != 1) refuse(place, "has several names");
    writer_.text(name);
    const H5I_type_t kind = H5Iget_type(object.get());
    if (kind == H5I_GROUP) {
      writer_.kind('g');
      group(object.get(), place + "/", depth + 1);
    } else if (kind == H5I_DATASET) {
      dataset(object.get(), place);
    } else {
      refuse(place, "is neither a group nor a dataset");
    }
  }

  void attributes(hid_t id, const std::string& place) {
    H5O_info_t info{};
    if (H5Oget_info2(id, &info, H5O_INFO_NUM_ATTRS) < 0) damaged("\"" + printable(place) + "\" is damaged");
    if (info.num_attrs > kMostAttributes) refuse(place, "has more attributes than any group of dpml");
    writer_.count(info.num_attrs);
    for (hsize_t i = 0; i < info.num_attrs; ++i) {
      const Handle found(H5Aopen_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
      if (!found.is_valid()) damaged("an attribute of \"" + printable(place) + "\" is damaged");
      attribute(found.get(), place);
    }
  }

  void attribute(hid_t id, const std::string& place) {
    std::array<char, 256> name{};
    const ssize_t length = H5Aget_name(id, name.size(), name.data());
    const std::string shown = place + "@" + name.data();
    if (length <= 0 || static_cast<std::size_t>(length) >= name.size()) refuse(shown, "has no name of dpml");
    const Handle type(H5Aget_type(id), H5Tclose);
    const Handle space(H5Aget_space(id), H5Sclose);
    if (!type.is_valid() || !space.is_valid()) damaged("attribute \"" + printable(shown) + "\" is damaged");
    if (H5Sget_simple_extent_type(space.get()) != H5S_SCALAR) refuse(shown, "is not one value");
    take(H5Tget_size(type.get()), shown);
    writer_.text(name.data());
    if (is_text(type.get())) {
      std::string value(H5Tget_size(type.get()), '\0');
      read(id, type.get(), value.data(), shown);
      writer_.kind('t');
      writer_.text(value);
    } else if (H5Tequal(type.get(), H5T_STD_U64LE) > 0) {
      std::uint64_t value = 0;
      read(id, H5T_NATIVE_UINT64, &value, shown);
      writer_.kind('c');
      writer_.count(value);
    } else if (H5Tequal(type.get(), H5T_IEEE_F64LE) > 0) {
      double value = 0;
      read(id, H5T_NATIVE_DOUBLE, &value, shown);
      writer_.kind('n');
      writer_.number(value);
    } else {
      refuse(shown, "is of a type that dpml does not write");
    }
  }

  void read(hid_t id, hid_t type, void* into, const std::string& place) const {
    if (H5Aread(id, type, into) < 0) damaged("attribute \"" + printable(place) + "\" cannot be read");
  }

  /// UTF-8 of fixed length, filled up with zero bytes.
  static bool is_text(hid_t type) {
    return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
           H5Tget_strpad(type) == H5T_STR_NULLPAD && H5Tget_cset(type) == H5T_CSET_UTF8;
  }

  void dataset(hid_t id, const std::string& place) {
    const Handle type(H5Dget_type(id), H5Tclose);
    const Handle space(H5Dget_space(id), H5Sclose);
    const Handle creation(H5Dget_create_plist(id), H5Pclose);
    if (!type.is_valid() || !space.is_valid() || !creation.is_valid()) {
      damaged("dataset \"" + printable(place) + "\" is damaged");
    }
    if (H5Pget_external_count(creation.get()) > 0) refuse(place, "keeps its numbers in another file");
    if (H5Pget_layout(creation.get()) != H5D_CONTIGUOUS) refuse(place, "is stored in chunks, packed or spread");
    H5O_info_t info{};
    if (H5Oget_info2(id, &info, H5O_INFO_NUM_ATTRS) < 0 || info.num_attrs > 0) refuse(place, "has attributes");

    const std::vector<std::uint64_t> axes = axes_of(space.get(), place);
    const char kind = kind_of(type.get(), axes.size(), place);
    const std::uint64_t element = H5Tget_size(type.get());
    std::uint64_t bytes = element;
    for (const std::uint64_t axis : axes) {
      if (__builtin_mul_overflow(bytes, axis, &bytes)) refuse(place, "claims more bytes than any file has");
    }
    take(bytes, place);
    const haddr_t offset = bytes == 0 ? 0 : H5Dget_offset(id);
    if (bytes != 0 && (offset == HADDR_UNDEF || H5Dget_storage_size(id) != bytes)) {
      refuse(place, "was never filled, or is of another length than its shape");
    }
    writer_.kind(kind);
    writer_.count(axes.size());
    for (const std::uint64_t axis : axes) writer_.count(axis);
    writer_.count(element);
    writer_.count(offset);
    writer_.count(bytes);
  }

  std::vector<std::uint64_t> axes_of(hid_t space, const std::string& place) const {
    std::array<hsize_t, H5S_MAX_RANK> lengths{};
    std::array<hsize_t, H5S_MAX_RANK> most{};
    if (H5Sget_simple_extent_type(space) == H5S_NULL) refuse(place, "has no shape");
    const int rank = H5Sget_simple_extent_dims(space, lengths.data(), most.data());
    if (rank < 0) damaged("the shape of dataset \"" + printable(place) + "\" cannot be read");
    if (rank > Shape::kMaxRank) refuse(place, "has more axes than a tensor");
    const auto count = static_cast<std::size_t>(rank);
    if (!std::equal(lengths.begin(), lengths.begin() + rank, most.begin())) refuse(place, "is meant to grow");
    return {lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  char kind_of(hid_t type, std::size_t rank, const std::string& place) const {
    if (is_text(type) && rank <= 1) return rank == 0 ? 't' : 'T';
    if (H5Tequal(type, H5T_STD_U64LE) > 0 && rank == 1) return 'c';
    if (H5Tequal(type, H5T_IEEE_F32LE) > 0) return 'f';
    refuse(place, "is of a type that dpml does not write");
  }

  std::string path_;
  std::uint64_t left_;
  hsize_t members_left_ = kMostMembers;
  ScanWriter writer_;
};

}  // namespace

std::string scan_record(const std::filesystem::path& path, std::uint64_t file_bytes) {
  const QuietErrors quiet;
  return Scanner(path, file_bytes).scan();
}

}  // namespace dpml::hdf5
