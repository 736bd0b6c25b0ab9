#include "section.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

/// What may be stated, to whoever stated nothing, or `value`.
std::string in_words(const WholeRange& range, std::optional<std::int64_t> value) {
  const std::string lower = std::to_string(range.lower);
  const bool upper_is_out_of_sight = range.upper >= kLargestSize && value.value_or(0) <= range.upper;
  if (upper_is_out_of_sight) return "a whole number of at least " + lower;
  return "a whole number from " + lower + " to " + group_digits(range.upper);
}

}  // namespace

bool Range::holds(double value) const {
  return (has_lower ? value >= lower : value > lower) && (has_upper ? value <= upper : value < upper);
}

const FieldDescriptor& Section::descriptor(const std::string& field) const {
  const FieldDescriptor* found = message_->GetDescriptor()->FindFieldByName(field);
  DPML_ASSERT(found != nullptr);
  return *found;
}

bool Section::states(const std::string& field) const {
  return descriptor(field).name() == field && origins_->find(join_path(path_, field)) != nullptr;
}

Origin Section::origin(const std::string& field) const {
  return origins_->nearest(join_path(path_, field));
}

void Section::problem(std::string_view what) const {
  problems_->add(origin(), what);
}

void Section::problem(const std::string& field, std::string_view what) const {
  problems_->add(origin(field), what);
}

void Section::missing(const std::string& field, std::string_view expected, std::string_view why) const {
  if (is_unreadable_) return;
  std::string text = "is missing; state " + std::string(expected);
  if (!why.empty()) text += ". It has no default: " + std::string(why);
  problem(field, text);
}

bool Section::can_read(const std::string& field, std::string_view expected, std::string_view why) const {
  const FieldDescriptor& wanted = descriptor(field);
  if (message_->GetReflection()->HasField(*message_, &wanted)) return true;
  if (states(field)) return false;  // its value could not be read, which was told
  if (wanted.has_default_value()) return true;
  missing(field, expected, why);
  return false;
}

double Section::number(const std::string& field, const Range& range, std::string_view why) const {
  if (!can_read(field, range.words, why)) return 0;
  const double value = message_->GetReflection()->GetDouble(*message_, &descriptor(field));
  if (!range.holds(value)) problem(field, "is " + to_text(value) + "; state " + std::string(range.words));
  return value;
}

double Section::number_or_infinity(const std::string& field, const Range& range, std::string_view why) const {
  if (!can_read(field, range.words, why)) return 0;
  const double value = message_->GetReflection()->GetDouble(*message_, &descriptor(field));
  return value == kInfinity ? value : number(field, range, why);
}

std::int64_t Section::whole_number(const std::string& field, const WholeRange& range, std::string_view why) const {
  if (!can_read(field, in_words(range, std::nullopt), why)) return 0;
  const std::int64_t value = message_->GetReflection()->GetInt64(*message_, &descriptor(field));
  if (value >= range.lower && value <= range.upper) return value;
  problem(field, "is " + std::to_string(value) + "; state " + in_words(range, value));
  return 0;
}

std::uint64_t Section::natural_number(const std::string& field) const {
  if (!can_read(field, "a whole number of at least 0", "")) return 0;
  return message_->GetReflection()->GetUInt64(*message_, &descriptor(field));
}

bool Section::flag(const std::string& field) const {
  return can_read(field, "true or false", "") && message_->GetReflection()->GetBool(*message_, &descriptor(field));
}

std::string Section::text(const std::string& field, std::string_view why) const {
  if (!can_read(field, "text in quotes", why)) return "";
  std::string value = message_->GetReflection()->GetString(*message_, &descriptor(field));
  if (value.empty()) problem(field, "is empty; state some text");
  return value;
}

std::string Section::any_text(const std::string& field) const {
  return message_->GetReflection()->GetString(*message_, &descriptor(field));
}

std::string Section::choice(const std::string& field, std::string_view why) const {
  if (!can_read(field, list_words(words(field)), why)) return "";
  return message_->GetReflection()->GetEnum(*message_, &descriptor(field))->name();
}

std::vector<std::int64_t> Section::whole_numbers(const std::string& field, const WholeRange& range) const {
  std::vector<std::int64_t> values;
  const FieldDescriptor& wanted = descriptor(field);
  for (int i = 0; i < message_->GetReflection()->FieldSize(*message_, &wanted); ++i) {
    values.push_back(message_->GetReflection()->GetRepeatedInt64(*message_, &wanted, i));
    if (values.back() >= range.lower && values.back() <= range.upper) continue;
    problem(element_path(field, i),
            "is " + std::to_string(values.back()) + "; state " + in_words(range, values.back()));
    values.back() = range.lower;
  }
  return values;
}

std::vector<double> Section::numbers(const std::string& field, const Range& range) const {
  std::vector<double> values;
  const FieldDescriptor& wanted = descriptor(field);
  for (int i = 0; i < message_->GetReflection()->FieldSize(*message_, &wanted); ++i) {
    values.push_back(message_->GetReflection()->GetRepeatedDouble(*message_, &wanted, i));
    if (range.holds(values.back())) continue;
    problem(element_path(field, i), "is " + to_text(values.back()) + "; state " + std::string(range.words));
    values.back() = range.has_lower ? range.lower : 1;
  }
  return values;
}

std::vector<std::string> Section::texts(const std::string& field) const {
  std::vector<std::string> values;
  const FieldDescriptor& wanted = descriptor(field);
  for (int i = 0; i < message_->GetReflection()->FieldSize(*message_, &wanted); ++i) {
    values.push_back(message_->GetReflection()->GetRepeatedString(*message_, &wanted, i));
  }
  return values;
}

Section Section::block(const std::string& field) const {
  const auto& inside = message_->GetReflection()->GetMessage(*message_, &descriptor(field));
  Section section(inside, join_path(path_, field), *origins_, *problems_);
  section.is_unreadable_ = states(field) && !message_->GetReflection()->HasField(*message_, &descriptor(field));
  return section;
}

std::optional<Section> Section::required_block(const std::string& field) const {
  if (!states(field)) missing(field, "a block, " + field + " { ... }");
  Section section = block(field);
  if (!states(field) || section.is_unreadable_) return std::nullopt;
  return section;
}

std::vector<Section> Section::blocks(const std::string& field) const {
  std::vector<Section> sections;
  const FieldDescriptor& wanted = descriptor(field);
  for (int i = 0; i < message_->GetReflection()->FieldSize(*message_, &wanted); ++i) {
    const auto& inside = message_->GetReflection()->GetRepeatedMessage(*message_, &wanted, i);
    sections.emplace_back(inside, element_path(join_path(path_, field), i), *origins_, *problems_);
  }
  return sections;
}

std::string Section::chosen(const std::string& alternatives) const {
  const OneofDescriptor* wanted = message_->GetDescriptor()->FindOneofByName(alternatives);
  DPML_ASSERT(wanted != nullptr);
  const FieldDescriptor* set = message_->GetReflection()->GetOneofFieldDescriptor(*message_, wanted);
  if (set != nullptr) return set->name();
  for (const std::string& name : words(alternatives)) {
    if (states(name)) return name;  // its value could not be read
  }
  return "";
}

std::string Section::required_choice(const std::string& alternatives, std::string_view why) const {
  std::string name = chosen(alternatives);
  if (name.empty() && !is_unreadable_) {
    const std::vector<std::string> known = words(alternatives);
    std::string text =
        "lacks its " + alternatives + "; state " + (known.size() == 2 ? "either " : "one of ") + list_words(known);
    if (!why.empty()) text += ". It has no default: " + std::string(why);
    problem(text);
  }
  return name;
}

std::vector<std::string> Section::words(const std::string& choice) const {
  std::vector<std::string> words;
  if (const OneofDescriptor* alternatives = message_->GetDescriptor()->FindOneofByName(choice)) {
    for (int i = 0; i < alternatives->field_count(); ++i) words.push_back(alternatives->field(i)->name());
    return words;
  }
  const auto* values = descriptor(choice).enum_type();
  DPML_ASSERT(values != nullptr);
  for (int i = 0; i < values->value_count(); ++i) words.push_back(values->value(i)->name());
  return words;
}

}  // namespace dpml::config
