#include "hdf5_handle.h"

#include <array>
#include <cstdio>
#include <exception>

namespace dpml::hdf5 {

namespace {

using Reason = std::array<char, 200>;

/// Keeps the description of the innermost error, which comes first. C calls it, so it must not throw.
herr_t keep_first(unsigned number, const H5E_error2_t* error, void* reason) noexcept {
  Reason& text = *static_cast<Reason*>(reason);
  if (number == 0 && error->desc != nullptr) std::snprintf(text.data(), text.size(), "%s", error->desc);
  return 0;
}

}  // namespace

QuietErrors::QuietErrors() : exceptions_before_(std::uncaught_exceptions()) {
  H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

QuietErrors::~QuietErrors() {
  if (std::uncaught_exceptions() == exceptions_before_) H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
}

std::string last_reason() {
  Reason reason{};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  return reason[0] == '\0' ? std::string() : " (HDF5: " + std::string(reason.data()) + ")";
}

}  // namespace dpml::hdf5
