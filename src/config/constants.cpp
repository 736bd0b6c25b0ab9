#include "constants.h"

#include <map>
#include <utility>

#include "dpml/base/text.h"

namespace dpml::config {

namespace {

constexpr std::string_view kBlock = "constants";

struct Constant {
  StatedValue value;
  Origin origin;
  bool is_used = false;
};

/// Text as a config states it; of --set it needs no quotes.
std::string quoted(const std::string& text) {
  if (text.starts_with('"') || text.starts_with('\'')) return text;
  std::string escaped;
  for (const char c : text) escaped += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return '"' + escaped + '"';
}

class Constants {
 public:
  Constants(const Origins& origins, Problems& problems) : origins_(origins), problems_(problems) {}

  void read(const Statement& block) {
    for (const StatedValue& value : block.values) {
      if (!value.is_block)
        problems_.add(origins_.in_file(block.line, block.name), "expected a block, constants { name: value }");
      for (const Statement& statement : value.block) add(statement);
    }
  }

  /// Whether the override is one of a constant.
  bool override(const std::string& text) {
    const std::string beginning = std::string(kBlock) + ".";
    const std::size_t equals = text.find('=');
    if (!text.starts_with(beginning) || equals == std::string::npos) return false;
    const std::string name = text.substr(beginning.size(), equals - beginning.size());
    const auto found = constants_.find(name);
    const Origin origin{.place = "--set " + printable(text), .field = text.substr(0, equals)};
    if (found == constants_.end()) {
      problems_.add(origin, "is no constant of the config" + known());
    } else {
      std::string& scalar = found->second.value.scalar;
      const bool is_text = scalar.starts_with('"') || scalar.starts_with('\'');
      scalar = is_text ? quoted(text.substr(equals + 1)) : text.substr(equals + 1);
      found->second.origin = origin;
    }
    return true;
  }

  void replace_in(std::vector<Statement>& statements) {
    for (Statement& statement : statements) {
      for (StatedValue& value : statement.values) {
        if (value.is_constant) replace(statement, value);
        replace_in(value.block);
      }
    }
  }

  void tell_unused() const {
    for (const auto& [name, constant] : constants_) {
      if (!constant.is_used) problems_.add(constant.origin, "is used nowhere; write $" + name + " or leave it out");
    }
  }

 private:
  void add(const Statement& statement) {
    const Origin origin = origins_.in_file(statement.line, join_path(kBlock, statement.name));
    if (statement.is_list || statement.values.size() != 1 || statement.values[0].is_block ||
        statement.values[0].is_constant) {
      problems_.add(origin, "is no number or text; state one");
      constants_.emplace(statement.name, Constant{{}, origin, true});  // so that its uses are no further problems
    } else if (!constants_.emplace(statement.name, Constant{statement.values[0], origin}).second) {
      problems_.add(origin, "is stated twice; leave one out");
    }
  }

  void replace(const Statement& statement, StatedValue& value) {
    const auto found = constants_.find(value.scalar);
    value.is_constant = false;
    if (found == constants_.end()) {
      problems_.add(origins_.in_file(value.line, statement.name),
                    "$" + value.scalar + " is no constant of the config" + known());
      return;
    }
    found->second.is_used = true;
    value.scalar = found->second.value.scalar;
  }

  std::string known() const {
    std::vector<std::string> names;
    for (const auto& [name, constant] : constants_) names.push_back(name);
    return names.empty() ? "; state constants { name: value }" : "; known are " + list_words(names, " and ");
  }

  const Origins& origins_;
  Problems& problems_;
  std::map<std::string, Constant> constants_;
};

}  // namespace

std::vector<std::string> replace_constants(std::vector<Statement>& statements, std::span<const std::string> overrides,
                                           const Origins& origins, Problems& problems) {
  Constants constants(origins, problems);
  std::vector<Statement> others;
  for (Statement& statement : statements) {
    if (statement.name == kBlock) {
      constants.read(statement);
    } else {
      others.push_back(std::move(statement));
    }
  }
  statements = std::move(others);
  std::vector<std::string> other_overrides;
  for (const std::string& override : overrides) {
    if (!constants.override(override)) other_overrides.push_back(override);
  }
  constants.replace_in(statements);
  constants.tell_unused();
  problems.throw_if_any();  // what was meant is not known, so nothing more can be said
  return other_overrides;
}

}  // namespace dpml::config
