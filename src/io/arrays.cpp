#include "dpml/io/arrays.h"

#include <algorithm>
#include <array>
#include <new>
#include <vector>

#include "child_process.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "hdf5_reader.h"

namespace dpml {

namespace {

/// Numbers that travel in one message.
constexpr Index kPiece = Index{1} << 22;

/// Rows read at once: about a piece, and whole chunks, since a chunk may be compressed and is unpacked for each read.
Index rows_at_once(const hdf5::Dataset& dataset) {
  const Index row = std::max<Index>(dataset.shape.without_front().size(), 1);
  std::array<hsize_t, H5S_MAX_RANK> chunk{1};
  const hdf5::Handle creation(H5Dget_create_plist(dataset.id.get()), H5Pclose);
  if (H5Pget_layout(creation.get()) == H5D_CHUNKED) H5Pget_chunk(creation.get(), H5S_MAX_RANK, chunk.data());
  const auto chunk_rows = static_cast<Index>(std::clamp<hsize_t>(chunk[0], 1, Index{1} << 32));
  const Index chunks = std::max<Index>(kPiece / row / chunk_rows, 1);
  return chunks * chunk_rows;
}

void read_rows(const hdf5::Reader& file, const hdf5::Dataset& dataset, Index begin, Index end,
               std::vector<float>& into) {
  std::array<hsize_t, Shape::kMaxRank> start{};
  std::array<hsize_t, Shape::kMaxRank> lengths{};
  std::copy(dataset.shape.axes().begin(), dataset.shape.axes().end(), lengths.begin());
  start[0] = static_cast<hsize_t>(begin);
  lengths[0] = static_cast<hsize_t>(end - begin);
  const int rank = static_cast<int>(dataset.shape.rank());
  const hdf5::Handle memory(H5Screate_simple(rank, lengths.data(), nullptr), H5Sclose);
  const hdf5::Handle stored(H5Dget_space(dataset.id.get()), H5Sclose);
  H5Sselect_hyperslab(stored.get(), H5S_SELECT_SET, start.data(), nullptr, lengths.data(), nullptr);
  into.resize(static_cast<std::size_t>(dataset.shape.with_axis(0, end - begin).size()));
  if (H5Dread(dataset.id.get(), H5T_NATIVE_FLOAT, memory.get(), stored.get(), H5P_DEFAULT, into.data()) < 0) {
    file.fail("dataset \"" + printable(dataset.place) + "\" cannot be read; it is truncated or damaged" +
              hdf5::last_reason());
  }
}

/// Runs in the child: the axes, then the numbers in pieces.
void send_array(const std::filesystem::path& path, const std::string& name, const Sender& parent) {
  const hdf5::QuietErrors quiet;
  const hdf5::Reader file = hdf5::Reader::open(path, "an HDF5 file with a dataset \"" + printable(name) + "\"");
  hdf5::Dataset dataset = file.dataset(name);
  file.require_numbers(dataset);
  parent.send(dataset.shape.axes().data(), dataset.shape.axes().size_bytes());
  if (dataset.shape.size() == 0) return;
  if (dataset.shape.rank() == 0) {
    const Tensor number = file.floats(name);
    parent.send(number.data(), sizeof(float));
    return;
  }
  std::vector<float> piece;
  const Index rows = rows_at_once(dataset);
  for (Index begin = 0; begin < dataset.shape[0]; begin += rows) {
    read_rows(file, dataset, begin, std::min(begin + rows, dataset.shape[0]), piece);
    parent.send(piece.data(), piece.size() * sizeof(float));
  }
}

}  // namespace

Tensor read_hdf5_array(const std::filesystem::path& path, const std::string& name) {
  ChildProcess child({.place = path.string()}, [&](const Sender& parent) { send_array(path, name, parent); });
  const std::string shape_bytes = child.receive();
  std::vector<Index> axes(shape_bytes.size() / sizeof(Index));
  std::copy_n(shape_bytes.data(), axes.size() * sizeof(Index), reinterpret_cast<char*>(axes.data()));
  const Shape shape{std::span<const Index>(axes)};
  try {
    Tensor tensor(shape);
    std::span<float> rest = tensor.mutable_values();
    while (!rest.empty()) rest = rest.subspan(child.receive(rest.data(), rest.size_bytes()) / sizeof(float));
    return tensor;
  } catch (const std::bad_alloc&) {
    throw FileError(path.string() + ": dataset \"" + printable(name) + "\" of shape " + shape.to_text() +
                    " does not fit into memory");
  }
}

}  // namespace dpml
