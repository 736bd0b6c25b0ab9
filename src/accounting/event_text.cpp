// The text form of events. The only file of this room that knows protobuf.

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>

#include "dpml/accounting/event.h"
#include "dpml/accounting/ledger.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/event.pb.h"

namespace dpml {

namespace {

void write(const Event& event, text::Event* to);

struct Writer {
  text::Event* to;

  void operator()(const Gaussian& it) const { to->mutable_gaussian()->set_noise_multiplier(it.noise_multiplier); }
  void operator()(const Laplace& it) const { to->mutable_laplace()->set_noise_multiplier(it.noise_multiplier); }
  void operator()(const DiscreteGaussian& it) const {
    to->mutable_discrete_gaussian()->set_scale(it.scale);
    to->mutable_discrete_gaussian()->set_sensitivity(it.sensitivity);
  }
  void operator()(const DiscreteLaplace& it) const {
    to->mutable_discrete_laplace()->set_scale(it.scale);
    to->mutable_discrete_laplace()->set_sensitivity(it.sensitivity);
  }
  void operator()(const RandomizedResponse& it) const {
    to->mutable_randomized_response()->set_noise_probability(it.noise_probability);
    to->mutable_randomized_response()->set_categories(it.categories);
  }
  void operator()(const ExponentialMechanism& it) const {
    to->mutable_exponential_mechanism()->set_epsilon(it.epsilon);
  }
  void operator()(const EpsilonDelta& it) const {
    to->mutable_epsilon_delta()->set_epsilon(it.epsilon);
    to->mutable_epsilon_delta()->set_delta(it.delta);
  }
  void operator()(const ZeroConcentrated& it) const {
    to->mutable_zero_concentrated()->set_rho(it.rho);
    if (it.xi != 0) to->mutable_zero_concentrated()->set_xi(it.xi);
  }
  void operator()(const MixtureOfGaussians& it) const {
    text::MixtureOfGaussians* message = to->mutable_mixture_of_gaussians();
    message->set_noise_multiplier(it.noise_multiplier);
    for (const MixtureComponent& component : it.components) {
      auto* added = message->add_component();
      added->set_sensitivity(component.sensitivity);
      added->set_probability(component.probability);
    }
  }
  void operator()(const TreeAggregation& it) const {
    to->mutable_tree_aggregation()->set_noise_multiplier(it.noise_multiplier);
    for (std::uint64_t steps : it.step_counts) to->mutable_tree_aggregation()->add_step_count(steps);
  }
  void operator()(const PoissonSampled& it) const {
    to->mutable_poisson_sampled()->set_sampling_rate(it.sampling_rate);
    write(it.inner, to->mutable_poisson_sampled()->mutable_event());
  }
  void operator()(const SampledWithoutReplacement& it) const {
    text::SampledWithoutReplacement* message = to->mutable_sampled_without_replacement();
    message->set_dataset_size(it.dataset_size);
    message->set_sample_size(it.sample_size);
    write(it.inner, message->mutable_event());
  }
  void operator()(const TruncatedPoissonSampled& it) const {
    text::TruncatedPoissonSampled* message = to->mutable_truncated_poisson_sampled();
    message->set_dataset_size(it.dataset_size);
    message->set_sampling_rate(it.sampling_rate);
    message->set_maximum_batch_size(it.maximum_batch_size);
    write(it.inner, message->mutable_event());
  }
  void operator()(const Shuffled& it) const {
    to->mutable_shuffled()->set_batches(it.batches);
    write(it.inner, to->mutable_shuffled()->mutable_event());
  }
  void operator()(const BallsAndBins& it) const {
    to->mutable_balls_and_bins()->set_bins(it.bins);
    write(it.inner, to->mutable_balls_and_bins()->mutable_event());
  }
  void operator()(const RepeatAndSelect& it) const {
    write(it.inner, to->mutable_repeat_and_select()->mutable_event());
    to->mutable_repeat_and_select()->set_mean(it.mean);
    to->mutable_repeat_and_select()->set_shape(it.shape);
  }
  void operator()(const Composed& it) const {
    for (const Event& event : it.events) write(event, to->mutable_composed()->add_event());
  }
  void operator()(const SelfComposed& it) const {
    write(it.inner, to->mutable_self_composed()->mutable_event());
    to->mutable_self_composed()->set_count(it.count);
  }
  void operator()(const NonPrivate&) const { to->mutable_non_private(); }
};

void write(const Event& event, text::Event* to) {
  std::visit(Writer{to}, event.kind());
}

[[noreturn]] void missing(const std::string& field) {
  throw ConfigError("event: " + field + " is missing; nothing that decides privacy has a default");
}

template <class Field>
const Field& required(bool is_there, const Field& field, std::string_view kind, const char* name) {
  if (!is_there) missing(std::string(kind) + "." + name);
  return field;
}

Event read(const text::Event& message);

Event read_mixture(const text::MixtureOfGaussians& message, std::string_view kind) {
  MixtureOfGaussians mixture{
      required(message.has_noise_multiplier(), message.noise_multiplier(), kind, "noise_multiplier"), {}};
  for (const auto& component : message.component()) {
    mixture.components.push_back({required(component.has_sensitivity(), component.sensitivity(), kind, "sensitivity"),
                                  required(component.has_probability(), component.probability(), kind, "probability")});
  }
  return mixture;
}

Event read_composed(const text::Composed& message) {
  Composed composed;
  for (const text::Event& event : message.event()) composed.events.push_back(read(event));
  return composed;
}

Event read(const text::Event& message) {
  if (message.kind_case() == text::Event::KIND_NOT_SET) {
    throw ConfigError("event: no kind is set; expected " + list_words(event_kind_names()));
  }
  const std::string& kind = text::Event::descriptor()->FindFieldByNumber(message.kind_case())->name();
  switch (message.kind_case()) {
    case text::Event::kGaussian:
      return Gaussian{required(message.gaussian().has_noise_multiplier(), message.gaussian().noise_multiplier(), kind,
                               "noise_multiplier")};
    case text::Event::kLaplace:
      return Laplace{required(message.laplace().has_noise_multiplier(), message.laplace().noise_multiplier(), kind,
                              "noise_multiplier")};
    case text::Event::kDiscreteGaussian:
      return DiscreteGaussian{
          required(message.discrete_gaussian().has_scale(), message.discrete_gaussian().scale(), kind, "scale"),
          required(message.discrete_gaussian().has_sensitivity(), message.discrete_gaussian().sensitivity(), kind,
                   "sensitivity")};
    case text::Event::kDiscreteLaplace:
      return DiscreteLaplace{
          required(message.discrete_laplace().has_scale(), message.discrete_laplace().scale(), kind, "scale"),
          required(message.discrete_laplace().has_sensitivity(), message.discrete_laplace().sensitivity(), kind,
                   "sensitivity")};
    case text::Event::kRandomizedResponse:
      return RandomizedResponse{required(message.randomized_response().has_noise_probability(),
                                         message.randomized_response().noise_probability(), kind, "noise_probability"),
                                required(message.randomized_response().has_categories(),
                                         message.randomized_response().categories(), kind, "categories")};
    case text::Event::kExponentialMechanism:
      return ExponentialMechanism{required(message.exponential_mechanism().has_epsilon(),
                                           message.exponential_mechanism().epsilon(), kind, "epsilon")};
    case text::Event::kEpsilonDelta:
      return EpsilonDelta{
          required(message.epsilon_delta().has_epsilon(), message.epsilon_delta().epsilon(), kind, "epsilon"),
          required(message.epsilon_delta().has_delta(), message.epsilon_delta().delta(), kind, "delta")};
    case text::Event::kZeroConcentrated:
      return ZeroConcentrated{
          required(message.zero_concentrated().has_rho(), message.zero_concentrated().rho(), kind, "rho"),
          message.zero_concentrated().xi()};
    case text::Event::kMixtureOfGaussians:
      return read_mixture(message.mixture_of_gaussians(), kind);
    case text::Event::kTreeAggregation: {
      const auto& steps = message.tree_aggregation().step_count();
      return TreeAggregation{required(message.tree_aggregation().has_noise_multiplier(),
                                      message.tree_aggregation().noise_multiplier(), kind, "noise_multiplier"),
                             {steps.begin(), steps.end()}};
    }
    case text::Event::kPoissonSampled:
      return PoissonSampled{
          required(message.poisson_sampled().has_sampling_rate(), message.poisson_sampled().sampling_rate(), kind,
                   "sampling_rate"),
          read(required(message.poisson_sampled().has_event(), message.poisson_sampled().event(), kind, "event"))};
    case text::Event::kSampledWithoutReplacement:
      return SampledWithoutReplacement{
          required(message.sampled_without_replacement().has_dataset_size(),
                   message.sampled_without_replacement().dataset_size(), kind, "dataset_size"),
          required(message.sampled_without_replacement().has_sample_size(),
                   message.sampled_without_replacement().sample_size(), kind, "sample_size"),
          read(required(message.sampled_without_replacement().has_event(),
                        message.sampled_without_replacement().event(), kind, "event"))};
    case text::Event::kTruncatedPoissonSampled:
      return TruncatedPoissonSampled{
          required(message.truncated_poisson_sampled().has_dataset_size(),
                   message.truncated_poisson_sampled().dataset_size(), kind, "dataset_size"),
          required(message.truncated_poisson_sampled().has_sampling_rate(),
                   message.truncated_poisson_sampled().sampling_rate(), kind, "sampling_rate"),
          required(message.truncated_poisson_sampled().has_maximum_batch_size(),
                   message.truncated_poisson_sampled().maximum_batch_size(), kind, "maximum_batch_size"),
          read(required(message.truncated_poisson_sampled().has_event(), message.truncated_poisson_sampled().event(),
                        kind, "event"))};
    case text::Event::kShuffled:
      return Shuffled{required(message.shuffled().has_batches(), message.shuffled().batches(), kind, "batches"),
                      read(required(message.shuffled().has_event(), message.shuffled().event(), kind, "event"))};
    case text::Event::kBallsAndBins:
      return BallsAndBins{
          required(message.balls_and_bins().has_bins(), message.balls_and_bins().bins(), kind, "bins"),
          read(required(message.balls_and_bins().has_event(), message.balls_and_bins().event(), kind, "event"))};
    case text::Event::kRepeatAndSelect:
      return RepeatAndSelect{
          read(required(message.repeat_and_select().has_event(), message.repeat_and_select().event(), kind, "event")),
          required(message.repeat_and_select().has_mean(), message.repeat_and_select().mean(), kind, "mean"),
          required(message.repeat_and_select().has_shape(), message.repeat_and_select().shape(), kind, "shape")};
    case text::Event::kComposed:
      return read_composed(message.composed());
    case text::Event::kSelfComposed:
      return SelfComposed{
          read(required(message.self_composed().has_event(), message.self_composed().event(), kind, "event")),
          required(message.self_composed().has_count(), message.self_composed().count(), kind, "count")};
    case text::Event::kNonPrivate:
      return NonPrivate{};
    case text::Event::KIND_NOT_SET:
      break;
  }
  throw InternalError("event: a kind of the text form that no reader knows");
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text.empty()) text = std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": " + message;
  }
  std::string text;
};

using Places = google::protobuf::TextFormat::ParseInfoTree;

/// Parses `text` as `Message`, or throws ConfigError that begins with `before`. `places`, where wanted, then tells the
/// places of its fields.
template <class Message>
Message parse(std::string_view text, const std::string& before, int depth, Places* places = nullptr) {
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(depth);
  parser.WriteLocationsTo(places);
  Message message;
  if (!parser.ParseFromString(std::string(text), &message)) throw ConfigError(before + dpml::one_line(error.text));
  return message;
}

constexpr int kMessagesPerEvent = 2;  // the event and its kind

bool is_word(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}

/// The text with quotes around a word that stands for the neighbours, as it does in a config: `neighbours: ZERO_OUT`.
std::string with_quoted_neighbours(std::string_view text) {
  constexpr std::string_view kField = "neighbours";
  constexpr std::string_view kSpace = " \t\r\n";
  std::string made;
  int depth = 0;
  std::size_t i = 0;
  const auto copy_to = [&](std::size_t end) {
    end = std::min(end, text.size());
    made += text.substr(i, end - i);
    i = end;
  };
  while (i < text.size()) {
    if (text[i] == '#') {
      copy_to(text.find('\n', i));
    } else if (text[i] == '"' || text[i] == '\'') {
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != text[i]) end += text[end] == '\\' ? 2 : 1;
      copy_to(end + 1);
    } else if (is_word(text[i])) {
      std::size_t end = i;
      while (end < text.size() && is_word(text[end])) ++end;
      const bool is_field = depth == 0 && text.substr(i, end - i) == kField;
      copy_to(end);
      const std::size_t colon = text.find_first_not_of(kSpace, i);
      if (!is_field || colon == std::string_view::npos || text[colon] != ':') continue;
      copy_to(text.find_first_not_of(kSpace, colon + 1));
      if (i == text.size() || !is_word(text[i])) continue;
      end = i;
      while (end < text.size() && is_word(text[end])) ++end;
      made += '"';
      copy_to(end);
      made += '"';
    } else {
      if (text[i] == '{' || text[i] == '<') ++depth;
      if (text[i] == '}' || text[i] == '>') --depth;
      copy_to(i + 1);
    }
  }
  return made;
}

// Lines of a ledger's text, from 1.

int line_of_neighbours(const Places& places) {
  return places.GetLocation(text::Ledger::descriptor()->FindFieldByName("neighbours"), -1).line + 1;
}

int line_of_entry(const Places& places, int index, int entries) {
  const auto* entry = text::Ledger::descriptor()->FindFieldByName("entry");
  const bool has_each_a_place = places.GetLocation(entry, entries - 1).line >= 0;
  if (has_each_a_place) return places.GetLocationRange(entry, index).end.line + 1;
  // In a list, entry: [{ ... }, { ... }], only what is inside of them has.
  const Places& inside = *places.GetTreeForNested(entry, index);
  const auto end_of = [&](const char* field) {
    return inside.GetLocationRange(text::Ledger::Entry::descriptor()->FindFieldByName(field), -1).end.line;
  };
  return std::max({end_of("event"), end_of("count"), 0}) + 1;
}

/// Does `act`, and names the line where it is refused.
template <class Act>
void at(const std::string& before, int line, const Act& act) {
  try {
    act();
  } catch (const InternalError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigError(before + std::to_string(line) + ": " + dpml::one_line(error.what()));
  }
}

Neighbours agreed(const std::string& stated_by_text, std::optional<Neighbours> asked_for) {
  const Neighbours stated = parse_neighbours(stated_by_text);
  if (!asked_for || *asked_for == stated) return stated;
  throw ConfigError("the text states neighbours " + to_text(stated) + ", but " + to_text(*asked_for) +
                    " was asked for");
}

void append(const text::Ledger::Entry& entry, Ledger& ledger) {
  if (!entry.has_event()) missing("entry.event");
  const std::uint64_t count = entry.has_count() ? entry.count() : 1;
  if (count == 0) throw ConfigError("entry.count is 0, expected 1 or more");
  ledger.append(read(entry.event()), count);
}

std::string one_line(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string line;
  DPML_ASSERT(printer.PrintToString(message, &line));
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

std::vector<std::string> event_kind_names() {
  std::vector<std::string> names;
  const auto* kinds = text::Event::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) names.push_back(kinds->field(i)->name());
  return names;
}

std::string to_text(const Event& event) {
  text::Event message;
  write(event, &message);
  return one_line(message);
}

Event parse_event(std::string_view line) {
  Event event = read(parse<text::Event>(line, "event: ", kMessagesPerEvent * kMaximumEventDepth + 2));
  validate(event);
  return event;
}

std::string to_text(const Ledger& ledger) {
  std::string lines = "neighbours: \"" + to_text(ledger.neighbours()) + "\"\n";
  for (const LedgerEntry& entry : ledger.entries()) {
    text::Ledger::Entry message;
    message.set_count(entry.count);
    write(entry.event, message.mutable_event());
    lines += "entry { " + one_line(message) + " }\n";
  }
  return lines;
}

Ledger parse_ledger(std::string_view lines, std::optional<Neighbours> neighbours, std::string_view name) {
  const std::string before = std::string(name) + ":";
  Places places;
  const auto message =
      parse<text::Ledger>(with_quoted_neighbours(lines), before, kMessagesPerEvent * kMaximumEventDepth + 3, &places);
  if (message.has_neighbours()) {
    at(before, line_of_neighbours(places), [&] { neighbours = agreed(message.neighbours(), neighbours); });
  }
  if (!neighbours) {
    throw NeighboursNotStated(before + "1: neighbours is not stated: add_or_remove_one, replace_one or zero_out");
  }
  Ledger ledger(*neighbours);
  for (int i = 0; i < message.entry_size(); ++i) {
    at(before, line_of_entry(places, i, message.entry_size()), [&] { append(message.entry(i), ledger); });
  }
  return ledger;
}

}  // namespace dpml
