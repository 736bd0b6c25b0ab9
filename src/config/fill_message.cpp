#include "fill_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include "dpml/base/text.h"

namespace dpml::config {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::TextFormat;

/// Keeps protobuf from printing: the problem is told in our words.
class Silence final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

std::vector<std::string> value_names(const EnumDescriptor& choices) {
  std::vector<std::string> names;
  for (int i = 0; i < choices.value_count(); ++i) names.push_back(choices.value(i)->name());
  return names;
}

/// As written, cut to a readable length.
std::string excerpt(const std::string& written) {
  constexpr std::size_t kLength = 40;
  std::string text = written.substr(0, kLength);
  for (char& letter : text) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return "`" + text + (written.size() > kLength ? "..." : "") + "`";
}

/// Neighbours are also read as files of events have them: in small letters, with quotes or without.
bool take_neighbours(std::string written, const FieldDescriptor& field, Message& message) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM || field.enum_type()->name() != "Neighbours") return false;
  if (written.size() > 1 && written.front() == '"' && written.back() == '"')
    written = written.substr(1, written.size() - 2);
  for (char& letter : written) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  const auto* found = field.enum_type()->FindValueByName(written);
  if (found != nullptr) message.GetReflection()->SetEnum(&message, &field, found);
  return found != nullptr;
}

std::string wrong_value(const StatedValue& value, const FieldDescriptor& field) {
  std::string text =
      "is " + (value.is_block ? "a block { ... }" : excerpt(value.scalar)) + "; expected " + expected_value(field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM && !value.is_block) {
    const std::string nearest = nearest_word(value.scalar, value_names(*field.enum_type()));
    if (!nearest.empty()) text += "; did you mean " + nearest + "?";
  }
  return text;
}

}  // namespace

std::string expected_value(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number";
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number of at least 0";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_STRING:
      return "text in quotes";
    case FieldDescriptor::CPPTYPE_ENUM:
      return list_words(value_names(*field.enum_type()));
    default:
      return "a block, " + field.name() + " { ... }";
  }
}

std::string unknown_field(const std::string& name, const Descriptor& block) {
  std::vector<std::string> known;
  for (int i = 0; i < block.field_count(); ++i) known.push_back(block.field(i)->name());
  const std::string nearest = nearest_word(name, known);
  if (!nearest.empty()) return "no such field; did you mean " + nearest + "?";
  if (known.empty()) return "no such field; this block has none, leave it empty";
  return "no such field; this block knows " + list_words(known, " and ");
}

Origin MessageFiller::inside(const Origin& block, int line, const std::string& path) const {
  return block.line == 0 ? Origin{block.place, path, 0} : origins_.in_file(line, path);
}

void MessageFiller::fill(const std::vector<Statement>& statements, const std::string& path, Message& message) {
  const Origin block = origins_.nearest(path);
  for (const Statement& statement : statements) {
    const Origin origin = inside(block, statement.line, join_path(path, statement.name));
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(statement.name);
    if (field == nullptr) {
      problems_.add(origin, unknown_field(statement.name, *message.GetDescriptor()));
    } else if (is_free(origin, path, *field)) {
      fill_field(statement, origin, *field, message);
    }
  }
}

bool MessageFiller::is_free(const Origin& origin, const std::string& path, const FieldDescriptor& field) {
  const Origin* before = origins_.find(origin.field);
  if (before != nullptr && !field.is_repeated()) {
    problems_.add(origin, "is stated twice, first at " + before->place + "; keep one");
    return false;
  }
  const OneofDescriptor* alternatives = field.real_containing_oneof();
  for (int i = 0; alternatives != nullptr && i < alternatives->field_count(); ++i) {
    const std::string& other = alternatives->field(i)->name();
    const Origin* stated = other == field.name() ? nullptr : origins_.find(join_path(path, other));
    if (stated != nullptr) {
      problems_.add(origin, "contradicts " + other + ", stated at " + stated->place + "; keep one of the two");
    }
  }
  return true;
}

void MessageFiller::fill_field(const Statement& statement, const Origin& origin, const FieldDescriptor& field,
                               Message& message) {
  origins_.record(origin);
  if (!field.is_repeated() && statement.is_list) {
    problems_.add(origin, "is a list [ ]; expected " + expected_value(field));
    return;
  }
  for (const StatedValue& value : statement.values) {
    if (!field.is_repeated()) {
      fill_value(value, origin, field, message);
    } else {
      const int index = message.GetReflection()->FieldSize(message, &field);
      const Origin element = inside(origin, value.line, element_path(origin.field, index));
      origins_.record(element);
      fill_value(value, element, field, message);
    }
  }
}

void MessageFiller::fill_value(const StatedValue& value, const Origin& origin, const FieldDescriptor& field,
                               Message& message) {
  const auto* reflection = message.GetReflection();
  const bool wants_block = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (wants_block && value.is_block) {
    Message* block =
        field.is_repeated() ? reflection->AddMessage(&message, &field) : reflection->MutableMessage(&message, &field);
    fill(value.block, origin.field, *block);
    return;
  }
  Silence silence;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&silence);
  if (!value.is_block && take_neighbours(value.scalar, field, message)) return;
  if (wants_block || value.is_block || !parser.ParseFieldValueFromString(value.scalar, &field, &message)) {
    problems_.add(origin, wrong_value(value, field));
  }
}

}  // namespace dpml::config
