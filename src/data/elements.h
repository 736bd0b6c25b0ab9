#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "dpml/data/numeric_array.h"
#include "file_content.h"

namespace dpml {

/// How the numbers of a file are stored.
enum class Element { uint8, uint16, uint32, uint64, int8, int16, int32, int64, float32, float64 };

/// Reads the numbers that make up the rest of the file, axis lengths as its header announces them.
/// Throws FileError when there are more than 8 axes, when the file holds fewer or more numbers (found out before memory
/// is asked for, as far as possible), and for an integer beyond 2^24.
NumericArray read_elements(FileContent& content, Element element, std::endian order,
                           std::span<const std::uint64_t> axes);

}  // namespace dpml
