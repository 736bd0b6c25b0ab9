#pragma once

#include <map>
#include <string>
#include <string_view>

#include "dpml/config/origin.h"

namespace dpml::config {

/// Where each field of a config was stated, by its path; also fields whose value could not be read.
class Origins {
 public:
  explicit Origins(std::string file_name) : file_name_(std::move(file_name)) {}

  Origin in_file(int line, const std::string& field) const;
  void record(const Origin& origin) { origins_[origin.field] = origin; }
  void forget(const std::string& field);  ///< and everything inside it

  const Origin* find(const std::string& field) const;
  /// Of the field, or of the innermost block around it that was stated; the first line of the file at last.
  Origin nearest(const std::string& field) const;

 private:
  std::string file_name_;
  std::map<std::string, Origin> origins_;
};

/// "privacy", "delta" -> "privacy.delta"
std::string join_path(std::string_view block, std::string_view field);
/// "model.layer", 2 -> "model.layer[2]"
std::string element_path(std::string_view field, int index);

}  // namespace dpml::config
