#include "dpml/io/model_file.h"

#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "record_parts.h"

namespace dpml {

namespace {

constexpr const char* kFormat = "dpml model";

std::string record_digest(const ModelFile& model, const ModelDigests& parts) {
  Digest digest;
  digest.add(kFormat).add(hdf5::kFormatVersion).add(model.dpml_version);
  digest.add(parts.config).add(parts.weights).add(parts.ledger);
  digest.add(model.steps).add(std::uint64_t{model.averaged ? 1U : 0U});
  digest.add(model.unit).add(model.noise_key).add(model.initial_model);
  hdf5::add_claim(digest, model.claim);
  for (const std::string& note : model.notes) digest.add(note);
  return digest.hex();
}

void fill(const hdf5::GroupWriter& root, const ModelFile& model) {
  hdf5::write_header(root, kFormat, model.dpml_version);
  root.count_attribute("steps", model.steps);
  root.count_attribute("averaged", model.averaged ? 1 : 0);
  root.text_attribute("unit", model.unit);
  root.text_attribute("noise_key", model.noise_key);
  root.text_attribute("initial_model", model.initial_model);
  root.text("config", model.config);
  root.texts("notes", model.notes);
  hdf5::write_ledger(root.group("ledger"), model.ledger);
  hdf5::write_claim(root.group("claim"), model.claim);
  hdf5::write_tensors(root.group("weights"), model.weights);
  const ModelDigests digests = digests_of(model);
  const hdf5::GroupWriter group = root.group("digests");
  group.text_attribute("config", digests.config);
  group.text_attribute("weights", digests.weights);
  group.text_attribute("ledger", digests.ledger);
  group.text_attribute("record", digests.record);
}

}  // namespace

ModelDigests digests_of(const ModelFile& model) {
  ModelDigests digests{.config = Digest().add(model.config).hex(),
                       .weights = digest_of(model.weights),
                       .ledger = model.ledger.digest(),
                       .record = {}};
  digests.record = record_digest(model, digests);
  return digests;
}

std::vector<std::string> verify_digests(const StoredModel& stored) {
  const ModelDigests computed = digests_of(stored.model);
  std::vector<std::string> mismatches;
  const auto compare = [&](const std::string& part, const std::string& found, const std::string& expected) {
    if (found == expected) return;
    mismatches.push_back(part + ": the file states digest " + found + ", its content has " + expected);
  };
  compare("config", stored.stored.config, computed.config);
  compare("weights", stored.stored.weights, computed.weights);
  compare("ledger", stored.stored.ledger, computed.ledger);
  compare("record", stored.stored.record, computed.record);
  return mismatches;
}

void write_model_file(const std::filesystem::path& path, const ModelFile& model) {
  const hdf5::QuietErrors quiet;
  replace_file(path, hdf5::make_file([&](const hdf5::GroupWriter& root) { fill(root, model); }).bytes());
}

StoredModel read_stored_model(const std::filesystem::path& path) {
  const hdf5::QuietErrors quiet;
  const hdf5::Reader root = hdf5::open_dpml_file(path, kFormat);
  const hdf5::Reader digests = root.group("digests");
  return {.model = {.config = root.text("config"),
                    .weights = hdf5::read_tensors(root.group("weights")),
                    .averaged = root.count_attribute("averaged") != 0,
                    .steps = root.count_attribute("steps"),
                    .unit = root.text_attribute("unit"),
                    .noise_key = root.text_attribute("noise_key"),
                    .initial_model = root.text_attribute("initial_model"),
                    .notes = root.texts("notes"),
                    .dpml_version = root.text_attribute("dpml_version"),
                    .ledger = hdf5::read_ledger(root.group("ledger")),
                    .claim = hdf5::read_claim(root.group("claim"))},
          .stored = {.config = digests.text_attribute("config"),
                     .weights = digests.text_attribute("weights"),
                     .ledger = digests.text_attribute("ledger"),
                     .record = digests.text_attribute("record")}};
}

ModelFile read_model_file(const std::filesystem::path& path) {
  StoredModel stored = read_stored_model(path);
  const std::vector<std::string> mismatches = verify_digests(stored);
  if (mismatches.empty()) return std::move(stored.model);
  throw FileError(path.string() + ": was damaged or changed after dpml wrote it (" + mismatches.front() + ")");
}

}  // namespace dpml
