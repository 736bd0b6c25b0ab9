#pragma once

#include <hdf5.h>

#include <string>
#include <utility>

namespace dpml::hdf5 {

/// Owner of one identifier of the HDF5 library.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  /// Takes over `id`, which is negative when the call that made it failed.
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (is_valid()) close_(id_);
  }

  bool is_valid() const { return id_ >= 0; }
  hid_t get() const { return id_; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

/// While alive, HDF5 keeps its errors to itself instead of printing them; then it prints as before. Left by an
/// exception it stays quiet: HDF5 may not be able to clear up after a damaged file, and would say so when the program
/// ends.
class QuietErrors {
 public:
  QuietErrors();
  ~QuietErrors();
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
  int exceptions_before_;
};

/// " (HDF5: <why the last call failed>)", or "" when HDF5 does not say.
std::string last_reason();

}  // namespace dpml::hdf5
