#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "dpml/base/error.h"
#include "dpml/layers/losses.h"
#include "section.h"

namespace dpml::config {

/// A word of the schema, a value of an enum or an alternative, and what it means to dpml.
template <class Meaning>
struct Word {
  std::string_view word;
  Meaning meaning;
};

/// The way back from meaning_of: what the schema calls such a thing.
template <class Meaning, std::size_t count>
std::string word_for(const Meaning& meaning, const std::array<Word<Meaning>, count>& table) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.meaning == meaning; });
  if (row == table.end()) throw InternalError("a value has no word in configs");
  return std::string(row->word);
}

/// What `word`, read from an enum or a oneof of the block, means; absent when it is empty. A word of the schema without
/// a row in the table throws InternalError, whichever word was read: it is never taken for another one.
template <class Meaning, std::size_t count>
std::optional<Meaning> meaning_of(const Section& section, const std::string& field, std::string_view word,
                                  const std::array<Word<Meaning>, count>& table) {
  std::optional<Meaning> found;
  for (const std::string& known : section.words(field)) {
    const auto row = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.word == known; });
    if (row == table.end()) throw InternalError("the schema knows a " + field + " that its reader does not: " + known);
    if (known == word) found = row->meaning;
  }
  return found;
}

/// In problems, too.
inline constexpr std::array kLosses{
    Word<Loss>{"CROSS_ENTROPY", Loss::cross_entropy},
    Word<Loss>{"MEAN_SQUARED_ERROR", Loss::mean_squared_error},
    Word<Loss>{"BINARY_CROSS_ENTROPY", Loss::binary_cross_entropy},
};

}  // namespace dpml::config
