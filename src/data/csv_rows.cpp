#include "csv_rows.h"

#include <algorithm>

namespace dpml {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvRows::CsvRows(const FileContent& content, std::string_view text, char separator)
    : content_(content), text_(text), separator_(separator) {
  if (text_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
}

void CsvRows::skip_spaces() {
  const auto is_space = [&](char letter) {
    return letter != separator_ && (letter == ' ' || letter == '\t' || letter == '\r');
  };
  while (position_ < text_.size() && is_space(text_[position_])) ++position_;
}

bool CsvRows::next() {
  fields_.clear();
  unescaped_.clear();
  for (skip_spaces(); position_ < text_.size() && text_[position_] == '\n'; skip_spaces()) {
    ++position_;
    ++line_;
  }
  if (position_ == text_.size()) return false;
  row_line_ = line_;
  fields_.push_back(field());
  while (!at_line_end()) {
    ++position_;  // the separator
    fields_.push_back(field());
  }
  if (position_ < text_.size()) {
    ++position_;
    ++line_;
  }
  return true;
}

std::string_view CsvRows::field() {
  skip_spaces();
  if (position_ < text_.size() && text_[position_] == '"') return quoted_field();
  const std::size_t begin = position_;
  while (!at_line_end() && text_[position_] != separator_) ++position_;
  const std::string_view raw = text_.substr(begin, position_ - begin);
  const std::size_t last = raw.find_last_not_of(" \t\r");
  return last == std::string_view::npos ? std::string_view() : raw.substr(0, last + 1);
}

std::string_view CsvRows::quoted_field() {
  const Index opened = line_;
  std::size_t begin = position_ + 1;
  std::string* joined = nullptr;  // set once a doubled quote makes a copy necessary
  while (true) {
    const std::size_t quote = text_.find('"', begin);
    if (quote == std::string_view::npos) {
      content_.fail("line " + std::to_string(opened) + ": a quoted field is never closed");
    }
    const std::string_view piece = text_.substr(begin, quote - begin);
    line_ += std::count(piece.begin(), piece.end(), '\n');
    const bool doubled = quote + 1 < text_.size() && text_[quote + 1] == '"';
    if (doubled && joined == nullptr) joined = &unescaped_.emplace_back();
    if (joined != nullptr) joined->append(piece).append(doubled ? "\"" : "");
    position_ = begin = quote + (doubled ? 2 : 1);
    if (doubled) continue;
    skip_spaces();
    if (!at_line_end() && text_[position_] != separator_) {
      content_.fail("line " + std::to_string(line_) +
                    ": text follows a closing quote; double a quote that is part of a field");
    }
    return joined != nullptr ? std::string_view(*joined) : piece;
  }
}

}  // namespace dpml
