#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

// Files as strangers make and change them, with the HDF5 library alone.

namespace dpml {

/// An HDF5 file, new in the layout that most tools write, or opened to be changed.
class ForeignFile {
 public:
  static ForeignFile create(const std::filesystem::path& path) {
    return ForeignFile(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  }
  static ForeignFile open(const std::filesystem::path& path) {
    return ForeignFile(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
  }
  ~ForeignFile() { H5Fclose(file_); }
  ForeignFile(const ForeignFile&) = delete;
  ForeignFile& operator=(const ForeignFile&) = delete;

  hid_t id() const { return file_; }

  void group(const std::string& name) {
    H5Gclose(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  }

  /// Dataset of `stored` type; `values` are of `memory` type, or null to leave it unfilled. Chunks make it compressed.
  void dataset(const std::string& name, hid_t stored, std::vector<hsize_t> shape, hid_t memory, const void* values,
               std::vector<hsize_t> chunk = {}) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    if (!chunk.empty()) {
      H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
      H5Pset_deflate(creation, 4);
    }
    const hid_t dataset = H5Dcreate2(file_, name.c_str(), stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (values != nullptr) H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
  }

  /// Overwrites what is in a dataset.
  void rewrite(const std::string& name, hid_t memory, const void* values) {
    const hid_t dataset = H5Dopen2(file_, name.c_str(), H5P_DEFAULT);
    H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(dataset);
  }

  /// A text of variable length, as Python writes it; replaces what has the name.
  void python_text(const std::string& name, const std::string& value) {
    if (H5Lexists(file_, name.c_str(), H5P_DEFAULT) > 0) H5Ldelete(file_, name.c_str(), H5P_DEFAULT);
    const hid_t type = python_text_type();
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, false);
    const hid_t dataset = H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    const char* text = value.c_str();
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text);
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
    H5Tclose(type);
  }

  /// Replaces or makes an attribute of `object`.
  void text_attribute(const std::string& object, const std::string& name, const std::string& value) {
    const hid_t type = python_text_type();
    const char* text = value.c_str();
    attribute(object, name, type, &text);
    H5Tclose(type);
  }
  void number_attribute(const std::string& object, const std::string& name, double value) {
    attribute(object, name, H5T_NATIVE_DOUBLE, &value);
  }
  void count_attribute(const std::string& object, const std::string& name, std::uint64_t value) {
    attribute(object, name, H5T_NATIVE_UINT64, &value);
  }
  /// Text as dpml writes it: UTF-8 of fixed length, here of all the bytes.
  void fixed_text_attribute(const std::string& object, const std::string& name, const std::string& bytes) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes.size());
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    attribute(object, name, type, bytes.data());
    H5Tclose(type);
  }

  /// Another value in the place of an attribute that is there; not a byte of the file moves.
  void overwrite_number(const std::string& object, const std::string& name, double value) {
    overwrite(object, name, H5T_NATIVE_DOUBLE, &value);
  }
  void overwrite_count(const std::string& object, const std::string& name, std::uint64_t value) {
    overwrite(object, name, H5T_NATIVE_UINT64, &value);
  }

 private:
  explicit ForeignFile(hid_t file) : file_(file) {}

  static hid_t python_text_type() {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
  }

  void overwrite(const std::string& object, const std::string& name, hid_t type, const void* value) {
    const hid_t attribute = H5Aopen_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, value);
    H5Aclose(attribute);
  }

  void attribute(const std::string& object, const std::string& name, hid_t type, const void* value) {
    const hid_t owner = H5Oopen(file_, object.c_str(), H5P_DEFAULT);
    if (H5Aexists(owner, name.c_str()) > 0) H5Adelete(owner, name.c_str());
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, value);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Oclose(owner);
  }

  hid_t file_;
};

}  // namespace dpml
