#include "fill_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <cmath>
#include <string_view>

#include "dpml/base/text.h"
#include "dpml/config.pb.h"

namespace dpml::config {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
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

/// The name of a choice, which may be written as answers and files of events spell it: in small letters, in quotes.
std::string choice_name(std::string written) {
  const bool has_quotes =
      written.size() > 1 && (written[0] == '"' || written[0] == '\'') && written.back() == written[0];
  return upper_case(has_quotes ? written.substr(1, written.size() - 2) : written);
}

/// A scalar as protobuf reads it.
std::string scalar_for(const FieldDescriptor& field, const std::string& written) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM) return written;
  const std::string name = choice_name(written);
  return field.enum_type()->FindValueByName(name) == nullptr ? written : name;
}

/// As written, cut to a readable length.
std::string excerpt(const std::string& written) {
  constexpr std::size_t kLength = 40;
  return "`" + printable(written.substr(0, kLength)) + (written.size() > kLength ? "..." : "") + "`";
}

/// Whether digits were read as infinity, or others than zeros as 0. protobuf takes both; here they would be another
/// wish.
bool is_beyond_doubles(const std::string& written, double value) {
  if (std::isinf(value)) return written.find_first_of("0123456789") != std::string::npos;
  const std::string_view mantissa = std::string_view(written).substr(0, written.find_first_of("eE"));
  return value == 0 && mantissa.find_first_of("123456789") != std::string_view::npos;
}

std::string wrong_value(const StatedValue& value, const FieldDescriptor& field) {
  std::string text =
      "is " + (value.is_block ? "a block { ... }" : excerpt(value.scalar)) + "; expected " + expected_value(field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM && !value.is_block) {
    const std::string nearest = nearest_word(choice_name(value.scalar), value_names(*field.enum_type()));
    if (!nearest.empty()) text += "; did you mean " + nearest + "?";
  }
  return text;
}

}  // namespace

std::uint64_t version_of(const FieldDescriptor& field) {
  return field.options().HasExtension(schema::since) ? field.options().GetExtension(schema::since) : 1;
}

std::uint64_t version_of(const EnumValueDescriptor& word) {
  return word.options().HasExtension(schema::word_since) ? word.options().GetExtension(schema::word_since) : 1;
}

std::string text_problem(const std::string& value) {
  if (value.find('\0') != std::string::npos)
    return "holds a NUL character, at which other programs end a text; take it out";
  if (first_invalid_utf8(value)) return "is no UTF-8; write it in that encoding";
  return "";
}

std::string expected_value(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number";
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number in digits alone, up to 9,223,372,036,854,775,807";
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number of at least 0 in digits alone, up to 18,446,744,073,709,551,615";
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
    } else if (version_of(*field) > version_) {
      problems_.add(origin, "is no field of configs in files of version " + std::to_string(version_));
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
  if (wants_block || value.is_block ||
      !parser.ParseFieldValueFromString(scalar_for(field, value.scalar), &field, &message)) {
    problems_.add(origin, wrong_value(value, field));
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    const EnumValueDescriptor& word = *reflection->GetEnum(message, &field);
    if (version_of(word) > version_) {
      problems_.add(origin,
                    "is " + word.name() + ", no word of configs in files of version " + std::to_string(version_));
    }
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    const int last = field.is_repeated() ? reflection->FieldSize(message, &field) - 1 : 0;
    const std::string text = field.is_repeated() ? reflection->GetRepeatedString(message, &field, last)
                                                 : reflection->GetString(message, &field);
    const std::string problem = text_problem(text);
    if (!problem.empty()) problems_.add(origin, problem);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE && !field.is_repeated() &&
             is_beyond_doubles(value.scalar, reflection->GetDouble(message, &field))) {
    problems_.add(origin, "is " + excerpt(value.scalar) +
                              ", which no double is near; state a number between 4.9e-324 and "
                              "1.8e308 in size, 0, or inf where it is meant");
    reflection->ClearField(&message, &field);
  }
}

}  // namespace dpml::config
