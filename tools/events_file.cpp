#include "events_file.h"

#include <algorithm>
#include <iostream>
#include <string_view>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"

namespace dpml::tools {

namespace {

constexpr std::string_view kPrefix = "events: ";
constexpr std::size_t kLongestText = std::size_t{32} << 20;  // bytes, from files and from pipes, which may never end

/// Where the statements at the top of protobuf text begin: behind what closes the one before.
std::vector<std::size_t> statement_ends(std::string_view text) {
  std::vector<std::size_t> ends;
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (quote != 0) {
      if (letter == '\\') ++i;
      if (letter == quote) quote = 0;
    } else if (letter == '"' || letter == '\'') {
      quote = letter;
    } else if (letter == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (letter == '{' || letter == '<') {
      ++depth;
    } else if ((letter == '}' || letter == '>') && --depth == 0) {
      ends.push_back(i + 1);
    }
  }
  return ends;
}

std::size_t line_of(std::string_view text, std::size_t place) {
  return 1 +
         static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
}

/// The line on which the entry ends whose numbers cannot be: that of the shortest text that fails, in whole entries.
std::size_t line_of_entry(std::string_view text) {
  const std::vector<std::size_t> ends = statement_ends(text);
  // What the neighbours are, which may be stated further below, does not matter to the numbers.
  const auto holds_for = [&](std::size_t end, Neighbours neighbours) {
    try {
      parse_ledger(text.substr(0, end), neighbours);
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  const auto holds = [&](std::size_t end) {
    return holds_for(end, Neighbours::add_or_remove_one) || holds_for(end, Neighbours::replace_one) ||
           holds_for(end, Neighbours::zero_out);
  };
  const auto first = std::partition_point(ends.begin(), ends.end(), holds);
  return line_of(text, first == ends.end() ? text.size() : *first);
}

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
    return parse_ledger(text, neighbours);
  } catch (const Error& error) {
    std::string problem = one_line(error.what());
    if (problem.starts_with(kPrefix)) problem.erase(0, kPrefix.size());
    if (problem.find_first_not_of("0123456789") != 0) throw ConfigError(name + ":" + problem);
    if (problem.starts_with("neighbours is not stated")) problem += "; state one by --neighbours";
    const std::size_t neighbours_at = text.find("neighbours");
    const std::size_t line = problem.find("neighbours") == std::string::npos ? line_of_entry(text)
                             : neighbours_at == std::string::npos            ? 1
                                                                             : line_of(text, neighbours_at);
    throw ConfigError(name + ":" + std::to_string(line) + ": " + problem);
  }
}

}  // namespace dpml::tools
