#include <algorithm>
#include <optional>
#include <set>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "hdf5_reader.h"
#include "weight_file.h"

namespace dpml {

namespace {

constexpr int kDeepestGroup = 16;
constexpr std::size_t kMostGroups = 1000;
constexpr std::size_t kMostDatasets = 20'000;

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

/// All groups and datasets of a file that hard links lead to, by their paths.
struct Content {
  std::vector<std::string> groups{""};  ///< "" for the root, "model/weights/"
  std::vector<std::string> datasets;    ///< "model/weights/fc1/bias"
};

class Search {
 public:
  Content of(const hdf5::Reader& root) {
    visit(root, "", 0);
    return std::move(content_);
  }

 private:
  void visit(const hdf5::Reader& group, const std::string& place, int depth) {
    H5O_info_t object{};
    if (depth > kDeepestGroup || seen_.size() >= kMostGroups || H5Oget_info2(group.id(), &object, H5O_INFO_BASIC) < 0 ||
        !seen_.insert(object.addr).second) {
      return;
    }
    for (const std::string& name : group.names()) {
      const MemberKind kind = kind_of(group, name);
      if (kind == MemberKind::dataset) content_.datasets.push_back(place + name);
      if (content_.datasets.size() > kMostDatasets) {
        group.fail("holds more than " + group_digits(kMostDatasets) + " datasets; expected a file with weights alone");
      }
      if (kind != MemberKind::group) continue;
      content_.groups.push_back(place + name + "/");
      visit(group.group(name), place + name + "/", depth + 1);
    }
  }

  std::set<haddr_t> seen_;
  Content content_;
};

bool lies_elsewhere(const hdf5::Dataset& dataset) {
  const hdf5::Handle creation(H5Dget_create_plist(dataset.id.get()), H5Pclose);
  return H5Pget_external_count(creation.get()) > 0 || H5Pget_layout(creation.get()) == H5D_VIRTUAL;
}

class Hdf5Weights final : public WeightFile {
 public:
  Hdf5Weights(const std::filesystem::path& path, const CountWanted& count)
      : root_(hdf5::Reader::open(path, "weights in a file of HDF5, safetensors, .npz or ONNX")) {
    const Content content = Search().of(root_);
    std::size_t most = 0;
    for (const std::string& group : content.groups) {
      std::vector<std::string> paths;
      std::vector<std::string> names;
      for (const std::string& dataset : content.datasets) {
        if (!dataset.starts_with(group)) continue;
        paths.push_back(dataset);
        names.push_back(dataset.substr(group.size()));
        std::replace(names.back().begin(), names.back().end(), '/', '.');
      }
      const std::size_t found = count(names);
      if (found <= most && !group.empty()) continue;
      most = found;
      group_ = group;
      paths_ = std::move(paths);
      names_ = std::move(names);
    }
  }

  const std::vector<std::string>& names() const override { return names_; }

  Description describe(std::size_t i) override {
    const hdf5::Dataset dataset = root_.dataset(paths_[i]);
    if (lies_elsewhere(dataset)) return {{}, "keeps its numbers in other files, which are not followed"};
    root_.require_numbers(dataset);
    return {dataset.shape, ""};
  }

  Tensor floats(std::size_t i) override { return root_.floats(paths_[i]); }
  std::string place() const override { return "\"/" + printable(group_) + "\""; }

 private:
  const hdf5::QuietErrors quiet_;
  hdf5::Reader root_;
  std::string group_;
  std::vector<std::string> paths_;
  std::vector<std::string> names_;  ///< dots for the slashes of their paths in the group
};

}  // namespace

std::unique_ptr<WeightFile> open_hdf5_weights(const std::filesystem::path& path, const CountWanted& count) {
  return std::make_unique<Hdf5Weights>(path, count);
}

}  // namespace dpml
