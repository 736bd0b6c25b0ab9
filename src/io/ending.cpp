#include "dpml/io/ending.h"

#include <span>
#include <utility>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

template <class Value>
using Names = std::span<const std::pair<Value, std::string_view>>;

constexpr std::pair<StopBasis, std::string_view> kBases[] = {{StopBasis::nothing, "nothing"},
                                                             {StopBasis::releases, "releases"},
                                                             {StopBasis::private_figures, "private_figures"}};
constexpr std::pair<Ending, std::string_view> kEndings[] = {
    {Ending::finished, "finished"},
    {Ending::stopped_on_releases, "stopped_on_releases"},
    {Ending::stopped_independently, "stopped_independently"},
    {Ending::stopped_on_private_figures, "stopped_on_private_figures"}};
constexpr std::pair<NoiseKey, std::string_view> kKeys[] = {{NoiseKey::operating_system, "operating_system"},
                                                           {NoiseKey::chosen_seed, "chosen_seed"}};

template <class Value>
std::string name_of(Value wanted, Names<Value> names) {
  for (const auto& [value, name] : names) {
    if (value == wanted) return std::string(name);
  }
  throw InternalError("not one of the enumerated values");
}

template <class Value>
Value value_of(std::string_view text, const std::string& what, Names<Value> names) {
  std::vector<std::string> known;
  for (const auto& [value, name] : names) {
    if (name == text) return value;
    known.emplace_back(name);
  }
  throw ConfigError(what + ": \"" + printable(text) + "\" is not known; expected " + list_words(known));
}

}  // namespace

std::string to_text(StopBasis basis) {
  return name_of<StopBasis>(basis, kBases);
}
StopBasis parse_stop_basis(std::string_view text) {
  return value_of<StopBasis>(text, "what a stop depends on", kBases);
}

std::string to_text(Ending ending) {
  return name_of<Ending>(ending, kEndings);
}
Ending parse_ending(std::string_view text) {
  return value_of<Ending>(text, "ending", kEndings);
}

Ending ending_of(StopBasis basis) {
  switch (basis) {
    case StopBasis::nothing:
      return Ending::stopped_independently;
    case StopBasis::releases:
      return Ending::stopped_on_releases;
    case StopBasis::private_figures:
      return Ending::stopped_on_private_figures;
  }
  throw InternalError("StopBasis: not one of the enumerated values");
}

bool may_claim(Ending ending) {
  switch (ending) {
    case Ending::finished:
    case Ending::stopped_on_releases:
    case Ending::stopped_independently:
      return true;
    case Ending::stopped_on_private_figures:
      return false;
  }
  throw InternalError("Ending: not one of the enumerated values");
}

bool claims_releases_alone(Ending ending) {
  switch (ending) {
    case Ending::stopped_independently:
      return true;
    case Ending::finished:
    case Ending::stopped_on_releases:
    case Ending::stopped_on_private_figures:
      return false;
  }
  throw InternalError("Ending: not one of the enumerated values");
}

bool may_claim(NoiseKey key) {
  switch (key) {
    case NoiseKey::operating_system:
      return true;
    case NoiseKey::chosen_seed:
      return false;
  }
  throw InternalError("NoiseKey: not one of the enumerated values");
}

std::string to_text(NoiseKey key) {
  return name_of<NoiseKey>(key, kKeys);
}
NoiseKey parse_noise_key(std::string_view text) {
  return value_of<NoiseKey>(text, "noise key", kKeys);
}

}  // namespace dpml
