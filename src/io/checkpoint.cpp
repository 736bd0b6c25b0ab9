#include "dpml/io/checkpoint.h"

#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "hdf5_handle.h"
#include "record_parts.h"

namespace dpml {

namespace {

constexpr const char* kFormat = "dpml checkpoint";

std::string record_of_version_1(const Checkpoint& checkpoint) {
  Digest digest;
  digest.add(kFormat).add(std::uint64_t{1}).add(checkpoint.dpml_version);
  digest.add(checkpoint.config).add(checkpoint.steps).add(checkpoint.initial_model);
  digest.add(digest_of(checkpoint.weights)).add(digest_of(checkpoint.optimizer)).add(digest_of(checkpoint.averages));
  digest.add(checkpoint.ledger.digest());
  hdf5::add_claim(digest, checkpoint.claim);
  return digest.hex();
}

std::string record_digest(const Checkpoint& checkpoint) {
  if (checkpoint.format_version == 1) return record_of_version_1(checkpoint);
  Digest digest;
  digest.add(kFormat).add(hdf5::kFormatVersion).add(checkpoint.dpml_version);
  digest.add(hdf5::parts_of(checkpoint.earlier_runs)).add(checkpoint.config).add(checkpoint.steps);
  digest.add(to_text(checkpoint.stop_basis)).add(to_text(checkpoint.initial_weights)).add(checkpoint.initial_model);
  digest.add(checkpoint.initial_weights_digest);
  digest.add(digest_of(checkpoint.weights)).add(digest_of(checkpoint.optimizer)).add(digest_of(checkpoint.averages));
  digest.add(hdf5::digests_of(checkpoint.ledger).head).add(hdf5::digest_of(checkpoint.claim));
  hdf5::add_earlier_runs(digest, checkpoint.earlier_runs);
  return digest.hex();
}

void fill(const hdf5::GroupWriter& root, const Checkpoint& checkpoint, const std::string& record) {
  const std::uint64_t version = checkpoint.format_version;
  hdf5::write_header(root, kFormat, version, checkpoint.dpml_version);
  if (version > 1) root.text_attribute("parts", hdf5::parts_of(checkpoint.earlier_runs));
  root.count_attribute("steps", checkpoint.steps);
  if (version > 1) {
    root.text_attribute("stop_basis", to_text(checkpoint.stop_basis));
    root.text_attribute("initial_weights", to_text(checkpoint.initial_weights));
  }
  root.text_attribute("initial_model", checkpoint.initial_model);
  root.text("config", checkpoint.config);
  hdf5::write_ledger(root.group("ledger"), checkpoint.ledger, version);
  hdf5::write_claim(root.group("claim"), checkpoint.claim);
  if (version > 1) hdf5::write_earlier_runs(root, checkpoint.earlier_runs);
  hdf5::write_tensors(root.group("weights"), checkpoint.weights);
  hdf5::write_tensors(root.group("optimizer"), checkpoint.optimizer);
  hdf5::write_tensors(root.group("averages"), checkpoint.averages);
  const hdf5::GroupWriter digests = root.group("digests");
  if (version > 1) digests.text_attribute("initial_weights", checkpoint.initial_weights_digest);
  digests.text_attribute("record", record);
}

hdf5::FileImage image_of(const Checkpoint& checkpoint, const std::string& record) {
  const hdf5::QuietErrors quiet;
  return hdf5::make_file([&](const hdf5::GroupWriter& root) { fill(root, checkpoint, record); });
}

void read_what_version_2_added(hdf5::RecordGroup& root, Checkpoint& checkpoint) {
  const bool has_earlier_runs = hdf5::read_parts(root);
  hdf5::in_place(root, "its words", [&] {
    checkpoint.stop_basis = parse_stop_basis(root.text_attribute("stop_basis"));
    checkpoint.initial_weights = parse_initial_weights(root.text_attribute("initial_weights"));
  });
  checkpoint.initial_weights_digest = hdf5::read_digest(root.group("digests"), "initial_weights");
  if (has_earlier_runs) checkpoint.earlier_runs = hdf5::read_earlier_runs(root);
}

std::uint64_t numbers_of(std::span<const NamedShape> tensors) {
  std::uint64_t count = 0;
  for (const NamedShape& tensor : tensors) count += static_cast<std::uint64_t>(tensor.shape.size());
  return count;
}

/// Weights that pass the check first; what belongs to them is not much longer.
void read_tensors(hdf5::RecordGroup& root, Checkpoint& checkpoint, const WeightsCheck& check) {
  constexpr std::uint64_t kMostMoments = 2;  // of an optimizer, for each weight
  constexpr std::uint64_t kFewNumbers = 1024;
  hdf5::RecordGroup& weights = root.group("weights");
  hdf5::RecordGroup& optimizer = root.group("optimizer");
  hdf5::RecordGroup& averages = root.group("averages");
  const std::vector<NamedShape> shapes = weights.shapes();
  hdf5::ask(check, root, checkpoint.config, checkpoint.format_version, shapes);
  if (numbers_of(optimizer.shapes()) > kMostMoments * numbers_of(shapes) + kFewNumbers) {
    root.fail("has more numbers of the optimizer than belong to its weights");
  }
  if (numbers_of(averages.shapes()) > numbers_of(shapes)) root.fail("has more averages than weights");
  checkpoint.weights = weights.tensors();
  checkpoint.optimizer = optimizer.tensors();
  checkpoint.averages = averages.tensors();
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  replace_file(path, image_of(checkpoint, record_digest(checkpoint)).bytes());
}

Checkpoint read_checkpoint(const std::filesystem::path& path, const WeightsCheck& check) {
  hdf5::RecordTree file(path);
  hdf5::RecordGroup& root = file.root();
  const std::uint64_t version = hdf5::read_header(root, kFormat);
  Checkpoint checkpoint{.format_version = version,
                        .config = root.text("config"),
                        .steps = root.count_attribute("steps"),
                        .weights = {},
                        .optimizer = {},
                        .averages = {},
                        .initial_model = hdf5::read_digest(root, "initial_model"),
                        .dpml_version = hdf5::read_dpml_version(root),
                        .ledger = hdf5::read_ledger(root.group("ledger"), version),
                        .claim = hdf5::read_claim(root.group("claim"))};
  if (version == 1) {
    checkpoint.initial_weights = checkpoint.initial_model.empty() ? InitialWeights::random : InitialWeights::unknown;
  } else {
    read_what_version_2_added(root, checkpoint);
  }
  const std::string record = root.group("digests").text_attribute("record");
  read_tensors(root, checkpoint, check);
  root.require_all_taken();
  file.require_bytes(image_of(checkpoint, record).bytes());
  if (record == record_digest(checkpoint)) return checkpoint;
  throw FileError(path.string() + ": was damaged or changed after dpml wrote it; its digest does not fit its content");
}

}  // namespace dpml
