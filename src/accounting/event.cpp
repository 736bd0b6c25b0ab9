#include "dpml/accounting/event.h"

#include <array>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr std::array kAllNeighbours = {Neighbours::add_or_remove_one, Neighbours::replace_one, Neighbours::zero_out};

struct Validator {
  int depth = 1;

  void check(const Event& event) {
    if (depth > kMaximumEventDepth) {
      throw ConfigError("event: more than " + std::to_string(kMaximumEventDepth) + " events inside one another");
    }
    std::visit(*this, event.kind());
  }

  void operator()(const Gaussian& gaussian) const {
    if (!(std::isfinite(gaussian.noise_multiplier) && gaussian.noise_multiplier >= 0)) {
      throw ConfigError("gaussian event: noise_multiplier is " + to_text(gaussian.noise_multiplier) +
                        ", expected a finite number, at least 0");
    }
  }

  void operator()(const PoissonSampled& sampled) {
    if (!(sampled.sampling_rate > 0 && sampled.sampling_rate <= 1)) {
      throw ConfigError("poisson_sampled event: sampling_rate is " + to_text(sampled.sampling_rate) +
                        ", expected a number in (0, 1]");
    }
    ++depth;
    check(sampled.inner);
    --depth;
  }

  void operator()(const NonPrivate&) const {}
};

}  // namespace

std::string to_text(Neighbours neighbours) {
  switch (neighbours) {
    case Neighbours::add_or_remove_one:
      return "add_or_remove_one";
    case Neighbours::replace_one:
      return "replace_one";
    case Neighbours::zero_out:
      return "zero_out";
  }
  throw InternalError("Neighbours: not one of the enumerated values");
}

Neighbours parse_neighbours(std::string_view text) {
  std::vector<std::string> names;
  for (Neighbours neighbours : kAllNeighbours) {
    names.push_back(to_text(neighbours));
    if (names.back() == text) return neighbours;
  }
  throw ConfigError("neighbours: \"" + std::string(text) + "\" is not known; expected " + list_words(names));
}

Event::Event(Gaussian gaussian) : kind_(std::make_shared<const EventKind>(gaussian)) {}
Event::Event(PoissonSampled poisson_sampled) : kind_(std::make_shared<const EventKind>(poisson_sampled)) {}
Event::Event(NonPrivate non_private) : kind_(std::make_shared<const EventKind>(non_private)) {}

bool operator==(const Event& a, const Event& b) {
  return a.kind_ == b.kind_ || *a.kind_ == *b.kind_;
}

void validate(const Event& event) {
  Validator{}.check(event);
}

}  // namespace dpml
