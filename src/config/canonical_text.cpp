#include "canonical_text.h"

#include <google/protobuf/text_format.h>

#include <filesystem>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config.pb.h"
#include "fill_message.h"

namespace dpml::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class PathResolver {
 public:
  PathResolver(const std::filesystem::path& folder, const Origins& origins, Problems& problems)
      : folder_(folder), origins_(origins), problems_(problems) {}

  /// `path`, stated in `field`, as an absolute one; an empty one, which is refused later, stays.
  std::string resolved(const std::string& field, const std::string& path) const {
    const std::filesystem::path start = origins_.nearest(field).line > 0 ? folder_ : std::filesystem::path();
    if (path.empty()) return "";
    const std::string absolute = std::filesystem::absolute(start / path).lexically_normal().string();
    if (absolute.find('\n') != std::string::npos) {
      problems_.add(origins_.nearest(field),
                    "is a path with a line break in it (" + printable(absolute) + "); rename the file or folder");
    }
    return absolute;
  }

  /// Each of the string fields of `block` that is stated.
  void resolve(const std::string& path, Message& block, std::initializer_list<const char*> fields) const {
    for (const char* name : fields) {
      const FieldDescriptor& field = *block.GetDescriptor()->FindFieldByName(name);
      const auto* reflection = block.GetReflection();
      if (!reflection->HasField(block, &field)) continue;
      reflection->SetString(&block, &field, resolved(join_path(path, name), reflection->GetString(block, &field)));
    }
  }

  void resolve(const std::string& path, schema::Source& source) const {
    switch (source.kind_case()) {
      case schema::Source::kIdx:
        return resolve(path + ".idx", *source.mutable_idx(), {"inputs", "labels"});
      case schema::Source::kNpy:
        return resolve(path + ".npy", *source.mutable_npy(), {"inputs", "labels"});
      case schema::Source::kCsv:
        return resolve(path + ".csv", *source.mutable_csv(), {"file"});
      case schema::Source::kHdf5:
        return resolve(path + ".hdf5", *source.mutable_hdf5(), {"file"});
      case schema::Source::KIND_NOT_SET:  // told by its reader
        return;
    }
  }

 private:
  std::filesystem::path folder_;
  const Origins& origins_;
  Problems& problems_;
};

/// Whether a field holds its default, stated or not.
bool is_default(const Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->GetDouble(message, &field) == field.default_value_double();
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->GetInt64(message, &field) == field.default_value_int64();
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, &field) == field.default_value_bool();
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetString(message, &field) == field.default_value_string();
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection->GetEnum(message, &field) == field.default_value_enum();
    default:
      throw InternalError("the schema gained a default of a new type: " + field.full_name());
  }
}

void fill_scalar(Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->SetDouble(&message, &field, field.default_value_double());
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->SetInt64(&message, &field, field.default_value_int64());
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(&message, &field, field.default_value_bool());
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->SetString(&message, &field, field.default_value_string());
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection->SetEnum(&message, &field, field.default_value_enum());
    default:
      throw InternalError("the schema gained a default of a new type: " + field.full_name());
  }
}

void fill_block(Message& message) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const bool is_block = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (is_block && field.is_repeated()) {
      const int size = reflection->FieldSize(message, &field);
      for (int j = 0; j < size; ++j) fill_block(*reflection->MutableRepeatedMessage(&message, &field, j));
    } else if (is_block) {
      if (reflection->HasField(message, &field)) fill_block(*reflection->MutableMessage(&message, &field));
    } else if (!field.has_default_value()) {
      continue;
    } else if (version_of(field) > 1) {
      if (is_default(message, field)) reflection->ClearField(&message, &field);
    } else if (!reflection->HasField(message, &field)) {
      fill_scalar(message, field);
    }
  }
}

/// A block of defaults alone says what one says that is left out.
void clear_default_loss_options(schema::Experiment& experiment) {
  schema::LossOptions defaults;
  fill_block(defaults);
  if (experiment.loss_options().SerializeAsString() == defaults.SerializeAsString()) experiment.clear_loss_options();
}

}  // namespace

void resolve_paths(schema::Experiment& experiment, const std::string& folder, const Origins& origins,
                   Problems& problems) {
  const PathResolver resolver(folder, origins, problems);
  if (experiment.has_data()) {
    schema::Data& data = *experiment.mutable_data();
    if (data.has_train()) resolver.resolve("data.train", *data.mutable_train());
    if (data.has_test()) resolver.resolve("data.test", *data.mutable_test());
  }
  if (experiment.has_runtime()) resolver.resolve("runtime", *experiment.mutable_runtime(), {"initial_model"});
}

void fill_defaults(schema::Experiment& experiment) {
  schema::Schedule& schedule = *experiment.mutable_schedule();
  if (schedule.kind_case() == schema::Schedule::KIND_NOT_SET) schedule.mutable_constant();
  experiment.mutable_averaging();
  experiment.mutable_runtime();
  fill_block(experiment);
  clear_default_loss_options(experiment);
}

std::string canonical_text(const schema::Experiment& experiment) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseShortRepeatedPrimitives(true);
  std::string text;
  if (!printer.PrintToString(experiment, &text)) throw InternalError("a config could not be printed");
  return text;
}

}  // namespace dpml::config
