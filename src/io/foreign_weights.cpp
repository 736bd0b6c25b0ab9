#include "dpml/io/foreign_weights.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "child_process.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "weight_file.h"

namespace dpml {

namespace {

constexpr std::size_t kMostTold = 10;
constexpr std::uint64_t kMemoryBesideTheWeights = std::uint64_t{256} << 20;

std::string named(const std::string& name, std::span<const NameRule> rules) {
  const std::optional<std::size_t> rule = rule_for(name, rules);
  return rule ? renamed(name, rules[*rule]) : name;
}

/// How many of the wanted weights are among the names of a file.
std::size_t count_wanted(std::span<const std::string> names, const std::set<std::string>& wanted,
                         std::span<const NameRule> rules) {
  return static_cast<std::size_t>(std::count_if(
      names.begin(), names.end(), [&](const std::string& name) { return wanted.contains(named(name, rules)); }));
}

std::set<std::string> names_of(std::span<const NamedShape> wanted) {
  std::set<std::string> names;
  for (const NamedShape& weight : wanted) names.insert(weight.name);
  return names;
}

/// The first ten, and how many more there are.
std::string in_lines(const std::vector<std::string>& texts) {
  std::string lines;
  for (std::size_t i = 0; i < std::min(kMostTold, texts.size()); ++i) lines += "\n  " + texts[i];
  if (texts.size() > kMostTold) lines += "\n  and " + group_digits(texts.size() - kMostTold) + " more";
  return lines;
}

/// Which array of a file is which weight.
class Choice {
 public:
  Choice(const std::filesystem::path& path, WeightFile& file, std::span<const NamedShape> wanted,
         std::span<const NameRule> rules)
      : path_(path.string()), file_(file), wanted_(wanted), rules_(rules) {
    rename();
    if (std::none_of(wanted.begin(), wanted.end(), [&](const NamedShape& weight) { return find(weight.name); }) &&
        !wanted.empty()) {
      fail_for_nothing_found();
    }
    require_fit();
  }

  /// Of one of the wanted weights, in their order.
  std::size_t place_of(std::size_t wanted) const { return *find(wanted_[wanted].name); }

  /// What is in the file beside the wanted weights.
  std::vector<std::string> unused() const {
    std::set<std::size_t> used;
    for (std::size_t i = 0; i < wanted_.size(); ++i) used.insert(place_of(i));
    std::vector<std::string> others;
    for (std::size_t i = 0; i < file_.names().size(); ++i) {
      if (!used.contains(i)) others.push_back(printable(file_.names()[i]));
    }
    return others;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const { throw FileError(path_ + ": " + problem); }

  std::optional<std::size_t> find(const std::string& name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }

  void rename() {
    std::vector<bool> decided(rules_.size(), false);
    for (std::size_t i = 0; i < file_.names().size(); ++i) {
      const std::string& name = file_.names()[i];
      const std::optional<std::size_t> rule = rule_for(name, rules_);
      if (rule) decided[*rule] = true;
      const std::string here = rule ? renamed(name, rules_[*rule]) : name;
      const auto [other, is_new] = places_.emplace(here, i);
      if (is_new) continue;
      const std::string& first = file_.names()[other->second];
      fail(first == name ? "has two arrays of the name " + printable(name)
                         : printable(first) + " and " + printable(name) + " both become " + printable(here) +
                               "; change runtime.initial_names");
    }
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (decided[i]) continue;
      fail("no name in it is decided by rename { from: \"" + printable(rules_[i].from) + "\" to: \"" +
           printable(rules_[i].to) + "\" } of runtime.initial_names; " + what_there_is());
    }
  }

  std::string what_there_is() const {
    std::vector<std::string> names;
    for (const std::string& name : file_.names()) names.push_back(printable(name));
    return names.empty() ? "it holds nothing" : "it holds" + in_lines(names);
  }

  [[noreturn]] void fail_for_nothing_found() const {
    fail("holds no weights under the names of the model; expected " + wanted_.front().name + " " +
         wanted_.front().shape.to_text() +
         ", and one for each other weight, or runtime.initial_names { rename { from: " + "\"...\" to: \"...\" } }; " +
         what_there_is());
  }

  void require_fit() const {
    std::vector<std::string> problems;
    for (const NamedShape& weight : wanted_) {
      const std::string problem = problem_of(weight);
      if (!problem.empty()) problems.push_back(weight.name + " " + problem);
    }
    if (problems.empty()) return;
    fail("the weights in " + file_.place() + " do not fit the model:" + in_lines(problems));
  }

  std::string problem_of(const NamedShape& weight) const {
    const std::optional<std::size_t> place = find(weight.name);
    if (!place) return weight.shape.to_text() + " is missing";
    const WeightFile::Description found = file_.describe(*place);
    if (!found.problem.empty()) return found.problem;
    if (found.shape == weight.shape) return "";
    return "is " + found.shape.to_text() + ", the model expects " + weight.shape.to_text();
  }

  std::string path_;
  WeightFile& file_;
  std::span<const NamedShape> wanted_;
  std::span<const NameRule> rules_;
  std::map<std::string, std::size_t> places_;  ///< in the file, by the names of the model
};

std::unique_ptr<WeightFile> open_weights(const std::filesystem::path& path, std::span<const NamedShape> wanted,
                                         std::span<const NameRule> rules) {
  switch (weight_format_of(path)) {
    case WeightFormat::safetensors:
      return open_safetensors(path);
    case WeightFormat::npz:
      return open_npz(path);
    case WeightFormat::onnx:
      return open_onnx(path);
    case WeightFormat::hdf5: {
      const std::set<std::string> names = names_of(wanted);
      return open_hdf5_weights(path,
                               [&](std::span<const std::string> found) { return count_wanted(found, names, rules); });
    }
  }
  throw InternalError("WeightFormat: not one of the enumerated values");
}

std::string reader_of(WeightFormat format) {
  return format == WeightFormat::hdf5 ? "the HDF5 library" : "what reads it";
}

/// An ONNX file is taken into memory whole, as it is and as messages; the others in pieces.
std::uint64_t memory_for(const std::filesystem::path& path, WeightFormat format) {
  if (format != WeightFormat::onnx) return 0;
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  return error ? 0 : 4 * size;
}

/// Runs in the child: what is not used, then the numbers of each weight, one message each.
void send_weights(const std::filesystem::path& path, std::span<const NamedShape> wanted,
                  std::span<const NameRule> rules, const Sender& parent) {
  const std::unique_ptr<WeightFile> file = open_weights(path, wanted, rules);
  const Choice choice(path, *file, wanted, rules);
  const std::vector<std::string> unused = choice.unused();
  std::string told = std::to_string(unused.size());
  for (std::size_t i = 0; i < std::min(kMostTold, unused.size()); ++i) told += "\n" + unused[i];
  parent.send(told.data(), told.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Tensor tensor = file->floats(choice.place_of(i));
    if (tensor.size() > 0) parent.send(tensor.data(), tensor.values().size_bytes());
  }
}

/// The child may have been taken over: whatever it tells is taken apart with care.
void read_unused(const std::string& told, const std::filesystem::path& path, FoundWeights& into) {
  const std::size_t end = std::min(told.find('\n'), told.size());
  const bool is_number = end > 0 && end < 18 && told.find_first_not_of("0123456789") >= end;
  if (!is_number) throw FileError(path.string() + ": is damaged: what was read from it does not fit its shape");
  into.unused_count = std::stoull(told.substr(0, end));
  for (std::size_t begin = end; begin < told.size() && into.unused.size() < kMostTold;) {
    const std::size_t next = std::min(told.find('\n', begin + 1), told.size());
    into.unused.push_back(printable(told.substr(begin + 1, next - begin - 1)));
    begin = next;
  }
}

class WeightsAtHand final : public WeightFile {
 public:
  explicit WeightsAtHand(const std::vector<NamedTensor>& weights) : weights_(weights) {
    for (const NamedTensor& weight : weights) names_.push_back(weight.name);
  }

  const std::vector<std::string>& names() const override { return names_; }
  Description describe(std::size_t i) override { return {weights_[i].value.shape(), ""}; }
  Tensor floats(std::size_t i) override { return weights_[i].value; }

 private:
  const std::vector<NamedTensor>& weights_;
  std::vector<std::string> names_;
};

}  // namespace

FoundWeights read_foreign_weights(const std::filesystem::path& path, std::span<const NamedShape> wanted,
                                  std::span<const NameRule> rules) {
  std::uint64_t bytes = 0;
  for (const NamedShape& tensor : wanted) bytes += static_cast<std::uint64_t>(tensor.shape.size()) * sizeof(float);
  const WeightFormat format = weight_format_of(path);
  // A packed chunk is unpacked as a whole, in the type of the file.
  ChildProcess child({.place = path.string(),
                      .reader = reader_of(format),
                      .most_memory_bytes = 8 * bytes + memory_for(path, format) + kMemoryBesideTheWeights},
                     [&](const Sender& parent) { send_weights(path, wanted, rules, parent); });
  FoundWeights found;
  read_unused(child.receive(), path, found);
  for (const NamedShape& tensor : wanted) {
    Tensor value(tensor.shape);
    if (value.size() > 0 &&
        child.receive(value.mutable_data(), value.values().size_bytes()) != value.values().size_bytes()) {
      throw FileError(path.string() + ": is damaged: " + tensor.name + " could not be read whole");
    }
    found.weights.push_back({tensor.name, std::move(value)});
  }
  return found;
}

FoundWeights choose_weights(const std::filesystem::path& path, const std::vector<NamedTensor>& weights,
                            std::span<const NamedShape> wanted, std::span<const NameRule> rules) {
  WeightsAtHand file(weights);
  const Choice choice(path, file, wanted, rules);
  FoundWeights found{.weights = {}, .unused = choice.unused(), .unused_count = 0};
  found.unused_count = found.unused.size();
  if (found.unused.size() > kMostTold) found.unused.resize(kMostTold);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    found.weights.push_back({wanted[i].name, file.floats(choice.place_of(i))});
  }
  return found;
}

}  // namespace dpml
