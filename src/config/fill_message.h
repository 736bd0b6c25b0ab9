#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "origins.h"
#include "problems.h"
#include "statements.h"

namespace google::protobuf {
class Descriptor;
class EnumValueDescriptor;
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace dpml::config {

inline constexpr std::uint64_t kNewestVersion = std::numeric_limits<std::uint64_t>::max();

/// The version of the format of model.h5 that first knew the field: its option (since).
std::uint64_t version_of(const google::protobuf::FieldDescriptor& field);
/// The same of a word of an enum: its option (word_since).
std::uint64_t version_of(const google::protobuf::EnumValueDescriptor& word);

/// Writes statements into a message of the schema and records where each field was stated. Unknown names, wrong types,
/// repetitions and alternatives that exclude each other become problems; everything else is filled in all the same.
class MessageFiller {
 public:
  /// Fields and words that came after `version` are not known.
  MessageFiller(Origins& origins, Problems& problems, std::uint64_t version = kNewestVersion)
      : origins_(origins), problems_(problems), version_(version) {}

  /// `path` is the field that holds the message; "" for the whole config.
  void fill(const std::vector<Statement>& statements, const std::string& path, google::protobuf::Message& message);

  /// One statement, stated at `origin`, into a field that was not stated before.
  void fill_field(const Statement& statement, const Origin& origin, const google::protobuf::FieldDescriptor& field,
                  google::protobuf::Message& message);

 private:
  bool is_free(const Origin& origin, const std::string& path, const google::protobuf::FieldDescriptor& field);
  void fill_value(const StatedValue& value, const Origin& origin, const google::protobuf::FieldDescriptor& field,
                  google::protobuf::Message& message);
  Origin inside(const Origin& block, int line, const std::string& path) const;

  Origins& origins_;
  Problems& problems_;
  std::uint64_t version_;
};

/// What is wrong with text as a value, so that it could be neither stored nor shown: no UTF-8, or with zero bytes; ""
/// for good text.
std::string text_problem(const std::string& value);

/// "a whole number", "true or false", ...
std::string expected_value(const google::protobuf::FieldDescriptor& field);

/// "no such field; did you mean ...?", or the fields there are.
std::string unknown_field(const std::string& name, const google::protobuf::Descriptor& block);

}  // namespace dpml::config
