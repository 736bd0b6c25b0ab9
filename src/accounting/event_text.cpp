// The text form of events. The only file of this room that knows protobuf.

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>

#include "dpml/accounting/event.h"
#include "dpml/base/error.h"
#include "dpml/event.pb.h"

namespace dpml {

namespace {

struct Writer {
  text::Event* to;

  void operator()(const Gaussian& gaussian) const {
    to->mutable_gaussian()->set_noise_multiplier(gaussian.noise_multiplier);
  }
  void operator()(const PoissonSampled& sampled) const {
    text::PoissonSampled* message = to->mutable_poisson_sampled();
    message->set_sampling_rate(sampled.sampling_rate);
    std::visit(Writer{message->mutable_event()}, sampled.inner.kind());
  }
  void operator()(const NonPrivate&) const { to->mutable_non_private(); }
};

[[noreturn]] void missing(const std::string& field) {
  throw ConfigError("event: " + field + " is missing; nothing that decides privacy has a default");
}

Event read(const text::Event& message) {
  switch (message.kind_case()) {
    case text::Event::kGaussian:
      if (!message.gaussian().has_noise_multiplier()) missing("gaussian.noise_multiplier");
      return Gaussian{message.gaussian().noise_multiplier()};
    case text::Event::kPoissonSampled:
      if (!message.poisson_sampled().has_sampling_rate()) missing("poisson_sampled.sampling_rate");
      if (!message.poisson_sampled().has_event()) missing("poisson_sampled.event");
      return PoissonSampled{message.poisson_sampled().sampling_rate(), read(message.poisson_sampled().event())};
    case text::Event::kNonPrivate:
      return NonPrivate{};
    case text::Event::KIND_NOT_SET:
      break;
  }
  throw ConfigError("event: no kind is set; expected gaussian, poisson_sampled or non_private");
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text.empty()) text = std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": " + message;
  }
  std::string text;
};

}  // namespace

std::string to_text(const Event& event) {
  text::Event message;
  std::visit(Writer{&message}, event.kind());
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string line;
  DPML_ASSERT(printer.PrintToString(message, &line));
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Event parse_event(std::string_view line) {
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(2 * kMaximumEventDepth + 2);  // an event and its kind are two messages
  text::Event message;
  if (!parser.ParseFromString(std::string(line), &message)) throw ConfigError("event: " + error.text);
  Event event = read(message);
  validate(event);
  return event;
}

}  // namespace dpml
