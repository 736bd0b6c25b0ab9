#pragma once

#include "dpml/base/error.h"
#include "fuzz/fuzz_file.h"
#include "weight_file.h"

// What any bytes must keep to when they are read as a file of weights of one format: abort when they do not. Here in
// this process; dpml reads such files in a child. For the fuzzers, and for the test that gives their corpus to every
// build.

namespace dpml::fuzz {

/// Opened and each array described and read, or refused with a FileError. True when it was opened.
template <class Open>
bool read_weights(const std::uint8_t* data, std::size_t size, const Open& open) {
  try {
    const std::unique_ptr<WeightFile> file = open(file_of(data, size));
    for (std::size_t i = 0; i < file->names().size(); ++i) {
      const WeightFile::Description found = file->describe(i);
      constexpr Index kMost = Index{1} << 22;
      if (!found.problem.empty() || found.shape.size() > kMost) continue;
      try {
        check(file->floats(i).shape() == found.shape);
      } catch (const FileError&) {  // a checksum that differs
      }
    }
    return true;
  } catch (const FileError&) {  // refused
    return false;
  }
}

}  // namespace dpml::fuzz
