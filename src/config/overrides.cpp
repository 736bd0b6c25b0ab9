#include "overrides.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "dpml/base/error.h"

namespace dpml::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

/// One word of a path: `layer[2]`.
struct Segment {
  std::string name;
  std::optional<int> index;
};

std::optional<Segment> parse_segment(std::string_view text) {
  Segment segment;
  const std::size_t bracket = text.find('[');
  segment.name = std::string(text.substr(0, bracket));
  if (bracket == std::string_view::npos) return segment;
  if (text.back() != ']') return std::nullopt;
  const std::string_view digits = text.substr(bracket + 1, text.size() - bracket - 2);
  int index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size() || index < 0) return std::nullopt;
  segment.index = index;
  return segment;
}

std::optional<std::vector<Segment>> parse_path(std::string_view path) {
  std::vector<Segment> segments;
  while (true) {
    const std::size_t dot = path.find('.');
    std::optional<Segment> segment = parse_segment(path.substr(0, dot));
    if (!segment) return std::nullopt;
    segments.push_back(*std::move(segment));
    if (dot == std::string_view::npos) return segments;
    path.remove_prefix(dot + 1);
  }
}

class Override {
 public:
  Override(std::string place, Origins& origins, Problems& problems)
      : place_(std::move(place)), origins_(origins), problems_(problems) {}

  void apply(const std::vector<Segment>& path, const std::string& value, Message& root) {
    Message* message = &root;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      message = descend(path[i], *message);
      if (message == nullptr) return;
    }
    state(path.back(), value, *message);
  }

 private:
  void add(const std::string& what) { problems_.add(here(), what); }
  Origin here() const { return {place_, path_, 0}; }

  const FieldDescriptor* find(const Segment& segment, const Message& message) {
    path_ = join_path(path_, segment.name);
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(segment.name);
    if (field == nullptr) add(unknown_field(segment.name, *message.GetDescriptor()));
    return field;
  }

  /// The message that `segment` leads to, made when it is not there; nullptr after a problem.
  Message* descend(const Segment& segment, Message& message) {
    const FieldDescriptor* field = find(segment, message);
    if (field == nullptr) return nullptr;
    const auto* reflection = message.GetReflection();
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      add("has no fields inside; end the path here");
    } else if (!field->is_repeated()) {
      if (segment.index) {
        add("is not a list; leave out [" + std::to_string(*segment.index) + "]");
      } else if (take_place_of_alternatives(*field, message)) {
        if (origins_.find(path_) == nullptr) origins_.record(here());
        return reflection->MutableMessage(&message, field);
      }
    } else if (const int size = reflection->FieldSize(message, field); !segment.index || *segment.index >= size) {
      add("is a list of " + std::to_string(size) + (segment.index ? "" : "; say which, as in " + segment.name + "[0]") +
          (segment.index ? ", so the last is [" + std::to_string(size - 1) + "]" : ""));
    } else {
      path_ = element_path(path_, *segment.index);
      in_list_ = true;
      return reflection->MutableRepeatedMessage(&message, field, *segment.index);
    }
    return nullptr;
  }

  void state(const Segment& segment, const std::string& value, Message& message) {
    const FieldDescriptor* field = find(segment, message);
    if (field == nullptr) return;
    if (segment.index) {
      add("one element cannot be set by itself; set the whole list, as in " + segment.name + "=[1, 2]");
    } else if (field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      add("is a list of blocks; set a field of one, as in " + segment.name + "[0].field=value");
    } else if (take_place_of_alternatives(*field, message)) {
      message.GetReflection()->ClearField(&message, field);
      origins_.forget(path_);
      set_value(value, *field, message);
    }
  }

  void set_value(const std::string& value, const FieldDescriptor& field, Message& message) {
    const bool is_quoted = value.starts_with('"') || value.starts_with('\'') || value.starts_with('[');
    origins_.record(here());
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field.is_repeated() && !is_quoted) {
      message.GetReflection()->SetString(&message, &field, value);
      if (const std::string problem = text_problem(value); !problem.empty()) add(problem);
    } else if (const std::optional<Statement> statement = parse_value(value, field)) {
      MessageFiller(origins_, problems_).fill_field(*statement, here(), field, message);
    } else {
      add("cannot be read; expected " + expected_value(field));
    }
  }

  static std::optional<Statement> parse_value(const std::string& value, const FieldDescriptor& field) {
    try {
      Problems problems;
      std::vector<Statement> statements = read_statements(field.name() + ": " + value, Origins(""), problems);
      if (statements.size() == 1) return std::move(statements.front());
    } catch (const ConfigError&) {  // told by the caller, who knows the place
    }
    return std::nullopt;
  }

  /// Alternatives of `field` stated in the file give way. False after a problem: another --set stated one, or it would
  /// turn an element of a list into something else, which is more likely a slip of the number.
  bool take_place_of_alternatives(const FieldDescriptor& field, Message& message) {
    const OneofDescriptor* alternatives = field.real_containing_oneof();
    const std::string block = path_.substr(0, path_.size() - field.name().size());
    for (int i = 0; alternatives != nullptr && i < alternatives->field_count(); ++i) {
      const FieldDescriptor& other = *alternatives->field(i);
      const Origin* stated = &other == &field ? nullptr : origins_.find(block + other.name());
      if (stated == nullptr) continue;
      if (stated->line == 0) {
        add("contradicts " + stated->place + "; keep one of the two");
        return false;
      }
      if (in_list_) {
        add("there is " + other.name() + " at " + stated->place + "; edit the file to make it " + field.name());
        return false;
      }
      message.GetReflection()->ClearField(&message, &other);
      origins_.forget(block + other.name());
    }
    return true;
  }

  std::string place_;
  Origins& origins_;
  Problems& problems_;
  std::string path_;
  bool in_list_ = false;
};

}  // namespace

void apply_override(const std::string& override, Message& root, Origins& origins, Problems& problems) {
  const std::string place = "--set " + override;
  const std::size_t equals = override.find('=');
  const auto path =
      equals == std::string::npos ? std::nullopt : parse_path(std::string_view(override).substr(0, equals));
  if (!path) {
    problems.add({place, "", 0}, "expected path=value, as in privacy.delta=1e-6 or model.layer[2].linear.out=64");
    return;
  }
  Override(place, origins, problems).apply(*path, override.substr(equals + 1), root);
}

}  // namespace dpml::config
