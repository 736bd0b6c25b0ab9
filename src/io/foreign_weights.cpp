#include "dpml/io/foreign_weights.h"

#include <algorithm>
#include <optional>
#include <set>

#include "child_process.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "hdf5_reader.h"

namespace dpml {

namespace {

constexpr int kDeepestGroup = 16;
constexpr std::size_t kMostGroups = 1000;
constexpr std::size_t kMostOthersTold = 10;
constexpr std::uint64_t kMemoryBesideTheWeights = std::uint64_t{256} << 20;

enum class MemberKind { none, group, dataset };

/// What a hard link of this name leads to; links of other kinds are as good as none.
MemberKind kind_of(const hdf5::Reader& group, const std::string& name) {
  H5L_info_t link{};
  if (name.empty() || name.find('/') != std::string::npos ||
      H5Lget_info(group.id(), name.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD) {
    return MemberKind::none;
  }
  H5O_info_t object{};
  if (H5Oget_info_by_name2(group.id(), name.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return MemberKind::none;
  return object.type == H5O_TYPE_GROUP     ? MemberKind::group
         : object.type == H5O_TYPE_DATASET ? MemberKind::dataset
                                           : MemberKind::none;
}

/// Path of the dataset that `name` means in the group, dots as groups where there are some; "" for none.
std::string locate(const hdf5::Reader& group, const std::string& name) {
  if (kind_of(group, name) == MemberKind::dataset) return name;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    const std::string front = name.substr(0, dot);
    if (kind_of(group, front) != MemberKind::group) continue;
    const std::string rest = locate(group.group(front), name.substr(dot + 1));
    if (!rest.empty()) return front + "/" + rest;
  }
  return "";
}

/// One group, and where in it the wanted weights are.
struct Candidate {
  std::string place;  ///< "" for the root, "model/weights/"
  std::vector<std::string> paths;
  std::size_t found = 0;
};

class Search {
 public:
  explicit Search(std::span<const NamedShape> wanted) : wanted_(wanted) {}

  Candidate best(const hdf5::Reader& root) {
    visit(root, "", 0);
    return std::move(best_);
  }

 private:
  void visit(const hdf5::Reader& group, const std::string& place, int depth) {
    H5O_info_t object{};
    if (depth > kDeepestGroup || seen_.size() >= kMostGroups || H5Oget_info2(group.id(), &object, H5O_INFO_BASIC) < 0 ||
        !seen_.insert(object.addr).second) {
      return;
    }
    Candidate candidate{.place = place, .paths = {}};
    for (const NamedShape& tensor : wanted_) {
      candidate.paths.push_back(locate(group, tensor.name));
      candidate.found += candidate.paths.back().empty() ? 0 : 1;
    }
    if (best_.paths.empty() || candidate.found > best_.found) best_ = std::move(candidate);
    for (const std::string& name : group.names()) {
      if (kind_of(group, name) == MemberKind::group) visit(group.group(name), place + name + "/", depth + 1);
    }
  }

  std::span<const NamedShape> wanted_;
  std::set<haddr_t> seen_;
  Candidate best_;
};

/// The group at `place`, which is empty or ends in "/"; `opened` keeps it open.
const hdf5::Reader& at(const hdf5::Reader& group, const std::string& place, std::optional<hdf5::Reader>& opened) {
  if (place.empty()) return group;
  return opened.emplace(group.group(place.substr(0, place.size() - 1)));
}

bool lies_elsewhere(const hdf5::Dataset& dataset) {
  const hdf5::Handle creation(H5Dget_create_plist(dataset.id.get()), H5Pclose);
  return H5Pget_external_count(creation.get()) > 0 || H5Pget_layout(creation.get()) == H5D_VIRTUAL;
}

std::string problem_of(const hdf5::Reader& group, const NamedShape& wanted, const std::string& path) {
  if (path.empty()) return wanted.name + " " + wanted.shape.to_text() + " is missing";
  const hdf5::Dataset dataset = group.dataset(path);
  if (lies_elsewhere(dataset)) return wanted.name + " keeps its numbers in other files, which are not followed";
  group.require_numbers(dataset);
  if (dataset.shape == wanted.shape) return "";
  return wanted.name + " is " + dataset.shape.to_text() + ", the model expects " + wanted.shape.to_text();
}

/// Datasets in the folders of the weights that are none of them: the first ones, and one more where there are more.
std::vector<std::string> left_over(const hdf5::Reader& group, const std::vector<std::string>& paths) {
  std::set<std::string> folders{""};
  for (const std::string& path : paths) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      folders.insert(path.substr(0, slash + 1));
    }
  }
  std::vector<std::string> others;
  for (const std::string& folder : folders) {
    std::optional<hdf5::Reader> opened;
    const hdf5::Reader& inner = at(group, folder, opened);
    for (const std::string& name : inner.names()) {
      const std::string path = folder + name;
      if (others.size() > kMostOthersTold) return others;
      if (std::find(paths.begin(), paths.end(), path) != paths.end()) continue;
      if (kind_of(inner, name) == MemberKind::dataset) others.push_back(path);
    }
  }
  return others;
}

/// Runs in the child: the numbers of each weight, one message each.
void send_weights(const std::filesystem::path& path, std::span<const NamedShape> wanted, const Sender& parent) {
  const hdf5::QuietErrors quiet;
  const hdf5::Reader root = hdf5::Reader::open(path, "an HDF5 file with weights");
  const Candidate best = Search(wanted).best(root);
  if (best.found == 0 && !wanted.empty()) {
    root.fail("holds no weights under the names of the model; expected a dataset " + wanted.front().name + " " +
              wanted.front().shape.to_text() + ", and one for each other weight, in the root or in one group");
  }
  std::optional<hdf5::Reader> opened;
  const hdf5::Reader& group = at(root, best.place, opened);
  std::string problems;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string problem = problem_of(group, wanted[i], best.paths[i]);
    if (!problem.empty()) problems += "\n  " + problem;
  }
  std::vector<std::string> others = left_over(group, best.paths);
  const bool has_more = others.size() > kMostOthersTold;
  if (has_more) others.resize(kMostOthersTold);
  for (const std::string& other : others) problems += "\n  " + printable(other) + " is not in the model";
  if (has_more) problems += "\n  and others";
  if (!problems.empty())
    root.fail("the weights in \"/" + printable(best.place) + "\" do not fit the model:" + problems);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Tensor tensor = group.floats(best.paths[i]);
    if (tensor.size() > 0) parent.send(tensor.data(), tensor.values().size_bytes());
  }
}

}  // namespace

std::vector<NamedTensor> read_foreign_weights(const std::filesystem::path& path, std::span<const NamedShape> wanted) {
  std::uint64_t bytes = 0;
  for (const NamedShape& tensor : wanted) bytes += static_cast<std::uint64_t>(tensor.shape.size()) * sizeof(float);
  // A packed chunk is unpacked as a whole, in the type of the file.
  ChildProcess child({.place = path.string(), .most_memory_bytes = 8 * bytes + kMemoryBesideTheWeights},
                     [&](const Sender& parent) { send_weights(path, wanted, parent); });
  std::vector<NamedTensor> weights;
  for (const NamedShape& tensor : wanted) {
    Tensor value(tensor.shape);
    if (value.size() > 0 &&
        child.receive(value.mutable_data(), value.values().size_bytes()) != value.values().size_bytes()) {
      throw FileError(path.string() + ": is damaged: " + tensor.name + " could not be read whole");
    }
    weights.push_back({tensor.name, std::move(value)});
  }
  return weights;
}

}  // namespace dpml
