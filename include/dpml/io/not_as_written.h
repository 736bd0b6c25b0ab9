#pragma once

#include "dpml/base/error.h"

namespace dpml {

/// A file that says it is dpml's, and holds more, less or other than dpml writes for such content. Whatever it shows,
/// it is not to be relied on.
class NotAsWritten : public FileError {
 public:
  using FileError::FileError;
};

}  // namespace dpml
