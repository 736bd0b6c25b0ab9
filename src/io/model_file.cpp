#include "dpml/io/model_file.h"

#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "hdf5_handle.h"
#include "record_parts.h"
#include "stored_model.h"

namespace dpml {

namespace {

constexpr const char* kFormat = "dpml model";
constexpr const char* kClaimsOfOthers = "claims_of_others";

// Version 1 told in sentences what is a closed set of words now.
constexpr const char* kSystemKey = "the operating system's entropy, never stored";
constexpr const char* kSeedKey = "a chosen seed: not private";

std::string key_sentence(NoiseKey key) {
  switch (key) {
    case NoiseKey::operating_system:
      return kSystemKey;
    case NoiseKey::chosen_seed:
      return kSeedKey;
  }
  throw InternalError("NoiseKey: not one of the enumerated values");
}

std::string record_of_version_1(const ModelFile& model, const ModelDigests& parts) {
  Digest digest;
  digest.add(kFormat).add(std::uint64_t{1}).add(model.dpml_version);
  digest.add(parts.config).add(parts.weights).add(parts.ledger);
  digest.add(model.steps).add(std::uint64_t{model.averaged ? 1U : 0U});
  digest.add(model.unit).add(key_sentence(model.noise_key)).add(model.initial_model);
  hdf5::add_claim(digest, model.claim);
  for (const std::string& note : model.notes) digest.add(note);
  return digest.hex();
}

std::string record_digest(const ModelFile& model, const ModelDigests& parts) {
  Digest digest;
  digest.add(kFormat).add(hdf5::kFormatVersion).add(model.dpml_version).add(hdf5::parts_of(model.earlier_runs));
  digest.add(parts.config).add(model.initial_weights_digest).add(parts.weights).add(parts.ledger);
  digest.add(model.steps).add(model.planned).add(std::uint64_t{model.averaged ? 1U : 0U});
  digest.add(model.unit).add(to_text(model.noise_key)).add(to_text(model.initial_weights)).add(model.initial_model);
  digest.add(to_text(model.ending)).add(hdf5::digest_of(model.claim));
  hdf5::add_earlier_runs(digest, model.earlier_runs);
  digest.add(static_cast<std::uint64_t>(model.claims_of_others.size()));
  for (const ClaimOfOthers& others : model.claims_of_others) {
    digest.add(others.unit).add(hdf5::digest_of(others.claim));
  }
  return digest.hex();
}

void fill_version_1(const hdf5::GroupWriter& root, const ModelFile& model, const ModelDigests& digests) {
  hdf5::write_header(root, kFormat, 1, model.dpml_version);
  root.count_attribute("steps", model.steps);
  root.count_attribute("averaged", model.averaged ? 1 : 0);
  root.text_attribute("unit", model.unit);
  root.text_attribute("noise_key", key_sentence(model.noise_key));
  root.text_attribute("initial_model", model.initial_model);
  root.text("config", model.config);
  root.texts("notes", model.notes);
  hdf5::write_ledger(root.group("ledger"), model.ledger, 1);
  hdf5::write_claim(root.group("claim"), model.claim);
  hdf5::write_tensors(root.group("weights"), model.weights);
  const hdf5::GroupWriter group = root.group("digests");
  group.text_attribute("config", digests.config);
  group.text_attribute("weights", digests.weights);
  group.text_attribute("ledger", digests.ledger);
  group.text_attribute("record", digests.record);
}

void write_claims_of_others(const hdf5::GroupWriter& root, const std::vector<ClaimOfOthers>& claims) {
  if (claims.empty()) return;
  const hdf5::GroupWriter group = root.group(kClaimsOfOthers);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const hdf5::GroupWriter claim = group.group(std::to_string(i));
    claim.text_attribute("unit", claims[i].unit);
    hdf5::write_claim(claim, claims[i].claim);
  }
}

void fill_version_2(const hdf5::GroupWriter& root, const ModelFile& model, const ModelDigests& digests) {
  hdf5::write_header(root, kFormat, hdf5::kFormatVersion, model.dpml_version);
  root.text_attribute("parts", hdf5::parts_of(model.earlier_runs));
  root.count_attribute("steps", model.steps);
  root.count_attribute("planned", model.planned);
  root.count_attribute("averaged", model.averaged ? 1 : 0);
  root.text_attribute("unit", model.unit);
  root.text_attribute("noise_key", to_text(model.noise_key));
  root.text_attribute("initial_weights", to_text(model.initial_weights));
  root.text_attribute("initial_model", model.initial_model);
  root.text_attribute("ending", to_text(model.ending));
  root.text("config", model.config);
  hdf5::write_ledger(root.group("ledger"), model.ledger, hdf5::kFormatVersion);
  hdf5::write_claim(root.group("claim"), model.claim);
  hdf5::write_earlier_runs(root, model.earlier_runs);
  write_claims_of_others(root, model.claims_of_others);
  hdf5::write_tensors(root.group("weights"), model.weights);
  const hdf5::GroupWriter group = root.group("digests");
  group.text_attribute("config", digests.config);
  group.text_attribute("initial_weights", model.initial_weights_digest);
  group.text_attribute("weights", digests.weights);
  group.text_attribute("ledger", digests.ledger);
  group.text_attribute("record", digests.record);
}

hdf5::FileImage image_of(const ModelFile& model, const ModelDigests& digests) {
  const hdf5::QuietErrors quiet;
  return hdf5::make_file([&](const hdf5::GroupWriter& root) {
    if (model.format_version == 1) {
      fill_version_1(root, model, digests);
    } else {
      fill_version_2(root, model, digests);
    }
  });
}

NoiseKey read_key_sentence(hdf5::RecordGroup& root) {
  const std::string sentence = root.text_attribute("noise_key");
  if (sentence == kSystemKey) return NoiseKey::operating_system;
  if (sentence == kSeedKey) return NoiseKey::chosen_seed;
  root.fail("its noise_key is none of the two sentences that dpml writes");
}

/// What both versions have, in the same places, but the weights.
ModelFile read_common(hdf5::RecordGroup& root, std::uint64_t version) {
  return {.format_version = version,
          .config = root.text("config"),
          .weights = {},
          .averaged = root.flag_attribute("averaged"),
          .steps = root.count_attribute("steps"),
          .unit = root.text_attribute("unit"),
          .initial_model = hdf5::read_digest(root, "initial_model"),
          .dpml_version = hdf5::read_dpml_version(root),
          .ledger = hdf5::read_ledger(root.group("ledger"), version),
          .claim = hdf5::read_claim(root.group("claim"))};
}

ModelFile read_version_1(hdf5::RecordGroup& root) {
  ModelFile model = read_common(root, 1);
  model.noise_key = read_key_sentence(root);
  model.initial_weights = model.initial_model.empty() ? InitialWeights::random : InitialWeights::unknown;
  model.notes = root.texts("notes");
  return model;
}

ModelFile read_version_2(hdf5::RecordGroup& root) {
  const bool has_earlier_runs = hdf5::read_parts(root);
  ModelFile model = read_common(root, hdf5::kFormatVersion);
  model.planned = root.count_attribute("planned");
  hdf5::in_place(root, "its words", [&] {
    model.noise_key = parse_noise_key(root.text_attribute("noise_key"));
    model.initial_weights = parse_initial_weights(root.text_attribute("initial_weights"));
    model.ending = parse_ending(root.text_attribute("ending"));
  });
  model.initial_weights_digest = hdf5::read_digest(root.group("digests"), "initial_weights");
  if (!has_earlier_runs) return model;
  model.earlier_runs = hdf5::read_earlier_runs(root);
  if (!root.has(kClaimsOfOthers)) return model;
  for (hdf5::RecordGroup* group : root.group(kClaimsOfOthers).numbered_groups()) {
    model.claims_of_others.push_back({.unit = group->text_attribute("unit"), .claim = hdf5::read_claim(*group)});
  }
  return model;
}

}  // namespace

ModelDigests digests_of(const ModelFile& model) {
  const bool is_old = model.format_version == 1;
  ModelDigests digests{.config = Digest().add(model.config).hex(),
                       .weights = digest_of(model.weights),
                       .ledger = is_old ? model.ledger.digest() : hdf5::digests_of(model.ledger).head,
                       .record = {}};
  digests.record = is_old ? record_of_version_1(model, digests) : record_digest(model, digests);
  return digests;
}

std::vector<std::string> verify_digests(const StoredModel& stored) {
  const ModelDigests computed = digests_of(stored.model);
  std::vector<std::string> mismatches;
  const auto compare = [&](const std::string& part, const std::string& found, const std::string& expected) {
    if (found == expected) return;
    mismatches.push_back(part + ": the file states digest " + printable(found) + ", its content has " + expected);
  };
  compare("config", stored.stored.config, computed.config);
  compare("weights", stored.stored.weights, computed.weights);
  compare("ledger", stored.stored.ledger, computed.ledger);
  compare("record", stored.stored.record, computed.record);
  return mismatches;
}

void write_model_file(const std::filesystem::path& path, const ModelFile& model) {
  replace_file(path, image_of(model, digests_of(model)).bytes());
}

StoredModel read_stored_model(const std::filesystem::path& path, const WeightsCheck& check) {
  hdf5::RecordTree file(path);
  return stored_model_in(file, check);
}

StoredModel stored_model_in(hdf5::RecordTree& file, const WeightsCheck& check) {
  hdf5::RecordGroup& root = file.root();
  const std::uint64_t version = hdf5::read_header(root, kFormat);
  StoredModel stored{.model = version == 1 ? read_version_1(root) : read_version_2(root), .stored = {}};
  hdf5::RecordGroup& digests = root.group("digests");
  stored.stored = {.config = digests.text_attribute("config"),
                   .weights = digests.text_attribute("weights"),
                   .ledger = digests.text_attribute("ledger"),
                   .record = digests.text_attribute("record")};
  hdf5::RecordGroup& weights = root.group("weights");
  hdf5::ask(check, root, stored.model.config, version, weights.shapes());
  stored.model.weights = weights.tensors();
  root.require_all_taken();
  hdf5::require_good_names(stored.model.weights);
  file.require_bytes(image_of(stored.model, stored.stored).bytes());
  return stored;
}

ModelFile read_model_file(const std::filesystem::path& path, const WeightsCheck& check) {
  StoredModel stored = read_stored_model(path, check);
  const std::vector<std::string> mismatches = verify_digests(stored);
  if (mismatches.empty()) return std::move(stored.model);
  throw FileError(path.string() + ": was damaged or changed after dpml wrote it (" + mismatches.front() + ")");
}

}  // namespace dpml
