#include "dpml/io/checkpoint.h"

#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "record_parts.h"

namespace dpml {

namespace {

constexpr const char* kFormat = "dpml checkpoint";

std::string record_digest(const Checkpoint& checkpoint) {
  Digest digest;
  digest.add(kFormat).add(hdf5::kFormatVersion).add(checkpoint.dpml_version);
  digest.add(checkpoint.config).add(checkpoint.steps).add(checkpoint.initial_model);
  digest.add(digest_of(checkpoint.weights)).add(digest_of(checkpoint.optimizer)).add(digest_of(checkpoint.averages));
  digest.add(checkpoint.ledger.digest());
  hdf5::add_claim(digest, checkpoint.claim);
  return digest.hex();
}

void fill(const hdf5::GroupWriter& root, const Checkpoint& checkpoint) {
  hdf5::write_header(root, kFormat, checkpoint.dpml_version);
  root.count_attribute("steps", checkpoint.steps);
  root.text_attribute("initial_model", checkpoint.initial_model);
  root.text("config", checkpoint.config);
  hdf5::write_ledger(root.group("ledger"), checkpoint.ledger);
  hdf5::write_claim(root.group("claim"), checkpoint.claim);
  hdf5::write_tensors(root.group("weights"), checkpoint.weights);
  hdf5::write_tensors(root.group("optimizer"), checkpoint.optimizer);
  hdf5::write_tensors(root.group("averages"), checkpoint.averages);
  root.group("digests").text_attribute("record", record_digest(checkpoint));
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  const hdf5::QuietErrors quiet;
  replace_file(path, hdf5::make_file([&](const hdf5::GroupWriter& root) { fill(root, checkpoint); }).bytes());
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const hdf5::QuietErrors quiet;
  const hdf5::Reader root = hdf5::open_dpml_file(path, kFormat);
  Checkpoint checkpoint{.config = root.text("config"),
                        .steps = root.count_attribute("steps"),
                        .weights = hdf5::read_tensors(root.group("weights")),
                        .optimizer = hdf5::read_tensors(root.group("optimizer")),
                        .averages = hdf5::read_tensors(root.group("averages")),
                        .initial_model = root.text_attribute("initial_model"),
                        .dpml_version = root.text_attribute("dpml_version"),
                        .ledger = hdf5::read_ledger(root.group("ledger")),
                        .claim = hdf5::read_claim(root.group("claim"))};
  if (root.group("digests").text_attribute("record") == record_digest(checkpoint)) return checkpoint;
  throw FileError(path.string() + ": was damaged or changed after dpml wrote it; its digest does not fit its content");
}

}  // namespace dpml
