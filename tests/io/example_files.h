#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/model_file.h"

namespace dpml {

/// A new empty folder that goes away with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dpml-io-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::size_t file_count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

/// While alive no file of this process grows beyond `bytes`: a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::remove(path);  // a file cut and filled again is flushed to the disk at once by ext4: slow
  std::ofstream(path, std::ios::binary) << bytes;
}

inline Event example_event(double noise_multiplier) {
  return PoissonSampled{.sampling_rate = 0.01, .inner = Gaussian{noise_multiplier}};
}

inline Ledger example_ledger() {
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(example_event(1.1), 3000);
  ledger.append(example_event(0.1 + 0.2), 1);
  ledger.append(example_event(1.1), 40);
  return ledger;
}

/// More tensors than HDF5 keeps in the compact form of a group, in an order that no sorting gives, with the hard cases
/// of floats and shapes.
inline std::vector<NamedTensor> example_tensors() {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<NamedTensor> tensors{{"fc2.weight", Tensor::from({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6})},
                                   {"fc1.weight", Tensor::from({4}, std::vector<float>{-0.0F, 1e-45F, infinity, 0.1F})},
                                   {"fc1.bias", Tensor::zeros({0, 5})},
                                   {"größe", Tensor::filled({}, std::numeric_limits<float>::quiet_NaN())}};
  for (int i = 20; i > 0; --i) {
    tensors.push_back({"block." + std::to_string(i), Tensor::filled({1, i}, static_cast<float>(i) / 7)});
  }
  return tensors;
}

inline ModelFile example_model() {
  return {.config = "privacy { unit: \"row\" }\n# größer als ASCII\n",
          .weights = example_tensors(),
          .averaged = true,
          .steps = 3041,
          .planned = 3041,
          .unit = "row",
          .noise_key = NoiseKey::operating_system,
          .initial_weights = InitialWeights::random,
          .initial_model = "",
          .initial_weights_digest = std::string(64, '7'),
          .dpml_version = "0.1.0",
          .ledger = example_ledger(),
          .claim = {.epsilon = 2.9999999999999996,
                    .delta = 1e-5,
                    .neighbours = Neighbours::add_or_remove_one,
                    .accountant = "rdp",
                    .order = 12.3}};
}

/// A model that began from another one, which began from a third about other people.
inline ModelFile example_of_a_chain() {
  ModelFile model = example_model();
  model.initial_weights = InitialWeights::same_people;
  model.initial_model = std::string(64, 'a');
  const EarlierRun first{.record = std::string(64, 'b'),
                         .unit = "one person",
                         .accountant = "pld",
                         .delta = 1e-6,
                         .initial_weights = InitialWeights::random,
                         .fixed_in_advance = false,
                         .charged = example_ledger()};
  EarlierRun second = first;
  second.record = std::string(64, 'a');
  second.initial_weights = InitialWeights::disjoint_people;
  second.charged.append(Gaussian{3}, 2);
  model.earlier_runs = {first, second};
  model.claims_of_others = {{.unit = "one person", .claim = model.claim}};
  return model;
}

inline Checkpoint example_checkpoint() {
  const ModelFile model = example_model();
  return {.config = model.config,
          .steps = 1500,
          .weights = model.weights,
          .optimizer = {{"momentum.fc2.weight", Tensor::filled({2, 3}, 0.25F)}},
          .averages = {},
          .stop_basis = StopBasis::releases,
          .initial_weights = InitialWeights::unknown,
          .initial_model = std::string(64, 'c'),
          .initial_weights_digest = model.initial_weights_digest,
          .dpml_version = model.dpml_version,
          .ledger = model.ledger,
          .claim = model.claim};
}

inline bool same_bits(std::span<const NamedTensor> a, std::span<const NamedTensor> b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Tensor& left = a[i].value;
    const Tensor& right = b[i].value;
    if (a[i].name != b[i].name || !(left.shape() == right.shape())) return false;
    if (std::memcmp(left.data(), right.data(), left.values().size_bytes()) != 0) return false;
  }
  return true;
}

/// What `call` throws, which must be a FileError that names `path`; "" when it throws nothing.
template <class Call>
std::string file_error(const std::filesystem::path& path, Call call) {
  try {
    call();
    return "";
  } catch (const FileError& error) {
    const std::string text = error.what();
    EXPECT_TRUE(text.starts_with(path.string() + ": ")) << text;
    return text;
  }
}

}  // namespace dpml
