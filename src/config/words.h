#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/base/error.h"
#include "section.h"

namespace dpml::config {

/// A word of the schema, a value of an enum or an alternative, and what it means to dpml.
template <class Meaning>
struct Word {
  std::string_view word;
  Meaning meaning;
};

/// The way back: what the schema calls such a thing.
template <class Meaning, std::size_t count>
std::string word_for(const Meaning& meaning, const std::array<Word<Meaning>, count>& table) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.meaning == meaning; });
  if (row == table.end()) throw InternalError("a value has no word in configs");
  return std::string(row->word);
}

/// What `word`, read from an enum or a oneof of the block, means; absent when it is empty. A word of the schema without
/// a row in the table, or a row without a word, throws InternalError, whichever word was read: none is ever taken for
/// another one.
template <class Meaning, std::size_t count>
std::optional<Meaning> meaning_of(const Section& section, const std::string& field, std::string_view word,
                                  const std::array<Word<Meaning>, count>& table) {
  std::optional<Meaning> found;
  const std::vector<std::string> words = section.words(field);
  for (const std::string& known : words) {
    const auto row = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.word == known; });
    if (row == table.end()) throw InternalError("the schema knows a " + field + " that its reader does not: " + known);
    if (known == word) found = row->meaning;
  }
  if (words.size() != count) throw InternalError("a table has a row for a " + field + " that the schema does not know");
  if (!word.empty() && !found) throw InternalError("the schema has no word " + std::string(word) + " for " + field);
  return found;
}

/// What an enum of the block means; absent when it is not stated, which is a problem where it says `why` it must be.
template <class Meaning, std::size_t count>
std::optional<Meaning> read_choice(const Section& section, const std::string& field,
                                   const std::array<Word<Meaning>, count>& table, std::string_view why = "") {
  return meaning_of(section, field, section.choice(field, why), table);
}

}  // namespace dpml::config
