#include "events_file.h"

#include <iostream>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"

namespace dpml::tools {

namespace {

constexpr std::size_t kLongestText = std::size_t{32} << 20;  // bytes, from files and from pipes, which may never end

std::string read_standard_input(const std::string& name) {
  std::string text(kLongestText + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (text.size() <= kLongestText) return text;
  throw FileError(name + ": is longer than " + format_bytes(kLongestText) + ", the most that is read here");
}

std::string read_text(const std::string& path, const std::string& name) {
  const std::string text = path == "-" ? read_standard_input(name) : read_file(path, kLongestText);
  if (is_utf16(text)) throw ConfigError(name + ": is UTF-16 text; save it as UTF-8");
  return std::string(without_byte_order_mark(text));
}

}  // namespace

Ledger read_events(const std::string& path, std::optional<Neighbours> neighbours) {
  const std::string name = path == "-" ? "standard input" : path;
  const std::string text = read_text(path, name);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw ConfigError(name +
                      ":1: holds no event; expected lines like entry { event { gaussian { noise_multiplier: 1 } } "
                      "count: 10 }");
  }
  try {
    return parse_ledger(text, neighbours, name);
  } catch (const NeighboursNotStated& error) {
    throw ConfigError(std::string(error.what()) + "; state one by --neighbours");
  }
}

}  // namespace dpml::tools
