#include "hdf5_writer.h"

#include <algorithm>
#include <cstring>

#include "dpml/base/error.h"

namespace dpml::hdf5 {

namespace {

/// Memory is the only thing that can run out here, and a mistake of ours the only other cause.
void require(bool succeeded, const std::string& what) {
  if (!succeeded) throw FileError("an HDF5 file cannot be made in memory: " + what + last_reason());
}

Handle text_type(std::size_t length) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), std::max<std::size_t>(length, 1));
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Handle group_properties(hid_t kind) {
  Handle properties(H5Pcreate(kind), H5Pclose);
  H5Pset_link_creation_order(properties.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_obj_track_times(properties.get(), false);
  return properties;
}

void write_dataset(hid_t group, const std::string& name, hid_t stored_type, hid_t memory_type, hid_t space,
                   const void* values) {
  const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), false);
  const Handle link(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_char_encoding(link.get(), H5T_CSET_UTF8);
  const Handle dataset(H5Dcreate2(group, name.c_str(), stored_type, space, link.get(), properties.get(), H5P_DEFAULT),
                       H5Dclose);
  require(dataset.is_valid(), "dataset \"" + name + "\"");
  if (H5Sget_simple_extent_npoints(space) == 0) return;  // HDF5 wants a buffer even to write nothing from it
  require(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, "dataset \"" + name + "\"");
}

void write_attribute(hid_t group, const std::string& name, hid_t stored_type, hid_t memory_type, const void* value) {
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(H5Acreate2(group, name.c_str(), stored_type, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  require(attribute.is_valid() && H5Awrite(attribute.get(), memory_type, value) >= 0, "attribute \"" + name + "\"");
}

// HDF5's driver for files in memory frees its memory when the file is closed, which is also when the file becomes
// whole. It does both through these functions, the last of which keeps the memory for `owner`, a char**.
void* allocate(size_t size, H5FD_file_image_op_t, void*) {
  return std::malloc(size);
}
void* reallocate(void* memory, size_t size, H5FD_file_image_op_t, void*) {
  return std::realloc(memory, size);
}
void* copy_bytes(void* to, const void* from, size_t size, H5FD_file_image_op_t, void*) {
  return std::memcpy(to, from, size);
}
void* copy_owner(void* owner) {
  return owner;
}
herr_t free_owner(void*) {
  return 0;
}
herr_t hand_over(void* memory, H5FD_file_image_op_t operation, void* owner) {
  if (operation == H5FD_FILE_IMAGE_OP_FILE_CLOSE) {
    *static_cast<char**>(owner) = static_cast<char*>(memory);
  } else {
    std::free(memory);
  }
  return 0;
}

/// Access to a file in memory that is handed over to `owner` when it is closed.
Handle in_memory(char*& owner) {
  constexpr std::size_t kGrowBy = std::size_t{1} << 20;
  H5FD_file_image_callbacks_t callbacks{.image_malloc = allocate,
                                        .image_memcpy = copy_bytes,
                                        .image_realloc = reallocate,
                                        .image_free = hand_over,
                                        .udata_copy = copy_owner,
                                        .udata_free = free_owner,
                                        .udata = &owner};
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access.get(), kGrowBy, false);
  H5Pset_file_image_callbacks(access.get(), &callbacks);
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18);
  return access;
}

Handle space_of(std::span<const hsize_t> lengths) {
  return Handle(H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr), H5Sclose);
}

}  // namespace

GroupWriter GroupWriter::group(const std::string& name) const {
  const Handle properties = group_properties(H5P_GROUP_CREATE);
  Handle group(H5Gcreate2(group_.get(), name.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Gclose);
  require(group.is_valid(), "group \"" + name + "\"");
  return GroupWriter(std::move(group));
}

void GroupWriter::floats(const std::string& name, const Tensor& values) const {
  const std::span<const Index> axes = values.shape().axes();
  const std::vector<hsize_t> lengths(axes.begin(), axes.end());
  const Handle space = lengths.empty() ? Handle(H5Screate(H5S_SCALAR), H5Sclose) : space_of(lengths);
  write_dataset(group_.get(), name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, space.get(), values.data());
}

void GroupWriter::counts(const std::string& name, std::span<const std::uint64_t> values) const {
  const std::vector<hsize_t> lengths{values.size()};
  write_dataset(group_.get(), name, H5T_STD_U64LE, H5T_NATIVE_UINT64, space_of(lengths).get(), values.data());
}

void GroupWriter::texts(const std::string& name, std::span<const std::string> values) const {
  std::size_t longest = 1;
  for (const std::string& value : values) longest = std::max(longest, value.size());
  std::string padded;
  for (const std::string& value : values) {
    DPML_ASSERT(value.find('\0') == std::string::npos);
    padded += value;
    padded.resize(padded.size() + longest - value.size(), '\0');
  }
  const Handle type = text_type(longest);
  const std::vector<hsize_t> lengths{values.size()};
  write_dataset(group_.get(), name, type.get(), type.get(), space_of(lengths).get(), padded.data());
}

void GroupWriter::text(const std::string& name, const std::string& value) const {
  DPML_ASSERT(value.find('\0') == std::string::npos);
  const Handle type = text_type(value.size());
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  write_dataset(group_.get(), name, type.get(), type.get(), space.get(), value.c_str());
}

void GroupWriter::text_attribute(const std::string& name, const std::string& value) const {
  DPML_ASSERT(value.find('\0') == std::string::npos);
  const Handle type = text_type(value.size());
  write_attribute(group_.get(), name, type.get(), type.get(), value.c_str());
}

void GroupWriter::number_attribute(const std::string& name, double value) const {
  write_attribute(group_.get(), name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

void GroupWriter::count_attribute(const std::string& name, std::uint64_t value) const {
  write_attribute(group_.get(), name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value);
}

FileImage make_file(const std::function<void(const GroupWriter&)>& fill) {
  char* memory = nullptr;
  const Handle creation = group_properties(H5P_FILE_CREATE);
  const Handle access = in_memory(memory);
  {
    Handle file(H5Fcreate("dpml", H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose);
    require(file.is_valid(), "new file");
    try {
      fill(GroupWriter(Handle(H5Gopen2(file.get(), "/", H5P_DEFAULT), H5Gclose)));
    } catch (...) {
      file = Handle();
      std::free(memory);
      throw;
    }
  }
  require(memory != nullptr, "end of file");
  // The memory is larger than the file; its superblock says where the file ends.
  constexpr std::size_t kEndOfFile = 28;
  std::uint64_t size = 0;
  std::memcpy(&size, memory + kEndOfFile, sizeof size);
  return FileImage(memory, size);
}

}  // namespace dpml::hdf5
