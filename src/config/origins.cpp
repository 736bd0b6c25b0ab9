#include "origins.h"

namespace dpml::config {

Origin Origins::in_file(int line, const std::string& field) const {
  return {file_name_ + ":" + std::to_string(line), field, line};
}

void Origins::forget(const std::string& field) {
  std::erase_if(origins_, [&](const auto& entry) {
    const std::string& path = entry.first;
    if (!path.starts_with(field)) return false;
    return path.size() == field.size() || path[field.size()] == '.' || path[field.size()] == '[';
  });
}

const Origin* Origins::find(const std::string& field) const {
  const auto found = origins_.find(field);
  return found == origins_.end() ? nullptr : &found->second;
}

Origin Origins::nearest(const std::string& field) const {
  for (std::string path = field; !path.empty();) {
    if (const Origin* origin = find(path)) return {origin->place, field, origin->line};
    const std::size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  return in_file(1, field);
}

std::string join_path(std::string_view block, std::string_view field) {
  return std::string(block) + (block.empty() ? "" : ".") + std::string(field);
}

std::string element_path(std::string_view field, int index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

}  // namespace dpml::config
