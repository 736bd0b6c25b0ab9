#pragma once

#include <cstdint>

namespace dpml {

/// The public limit on what packed data (gzip, compressed or unfilled datasets of HDF5) may unfold to: 20 MiB and 200
/// times its own length. Real data packs far less; a file that would unfold further is taken for one that is made to
/// fill the memory, and refused. Who means it unpacks it first.
inline constexpr std::uint64_t kFreeUnpacking = std::uint64_t{20} << 20;
inline constexpr std::uint64_t kMostUnpacking = 200;

constexpr std::uint64_t most_unpacked(std::uint64_t packed_bytes) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0} - kFreeUnpacking;
  return kFreeUnpacking + (packed_bytes > kMost / kMostUnpacking ? kMost : kMostUnpacking * packed_bytes);
}

}  // namespace dpml
