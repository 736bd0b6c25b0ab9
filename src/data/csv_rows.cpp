#include "csv_rows.h"

#include <algorithm>

#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kLongestRow = std::size_t{16} << 20;
constexpr std::size_t kMostFields = std::size_t{1} << 20;

}  // namespace

CsvRows::CsvRows(FileContent& content, char separator) : content_(content), separator_(separator) {
  read_more();
  if (is_utf16(text_)) content_.fail("is UTF-16 text; save the table as UTF-8");
  position_ = text_.size() - without_byte_order_mark(text_).size();
}

void CsvRows::read_more() {
  text_.erase(0, position_);
  position_ = 0;
  if (text_.size() > kLongestRow) {
    content_.fail("line " + std::to_string(line_) +
                  ": a row of more than 16 MiB; is it a table, and are all quotes closed?");
  }
  const std::size_t size = text_.size();
  // A long row is begun again only a few times; one byte more than can come shows the end of the file.
  const std::uint64_t most = content_.most_left() + 1;
  const std::size_t piece = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(kPiece, size), most));
  text_.resize(size + piece);
  const std::size_t count = content_.read_some({reinterpret_cast<std::uint8_t*>(text_.data()) + size, piece});
  text_.resize(size + count);
  ended_ = count < piece;
}

bool CsvRows::next() {
  skip_blank_lines();
  if (position_ == text_.size()) return false;
  while (true) {
    const std::size_t begin = position_;
    const Index line = line_;
    cut_row();
    // A row that reaches the end of what was read may go on behind it.
    if (ended_ || position_ < text_.size()) return true;
    position_ = begin;
    line_ = line;
    read_more();
  }
}

void CsvRows::skip_blank_lines() {
  while (true) {
    skip_spaces();
    if (position_ == text_.size()) {
      if (ended_) return;
      read_more();
    } else if (text_[position_] == '\n') {
      ++position_;
      ++line_;
    } else {
      return;
    }
  }
}

void CsvRows::cut_row() {
  fields_.clear();
  unescaped_.clear();
  row_line_ = line_;
  fields_.push_back(field());
  while (!at_line_end()) {
    if (fields_.size() == kMostFields) {
      content_.fail("line " + std::to_string(row_line_) + ": a row of more than 1,048,576 fields; is it a table?");
    }
    ++position_;  // the separator
    fields_.push_back(field());
  }
  if (position_ < text_.size()) {
    ++position_;
    ++line_;
  }
}

void CsvRows::skip_spaces() {
  const auto is_space = [&](char letter) {
    return letter != separator_ && (letter == ' ' || letter == '\t' || letter == '\r');
  };
  while (position_ < text_.size() && is_space(text_[position_])) ++position_;
}

std::string_view CsvRows::field() {
  skip_spaces();
  if (position_ < text_.size() && text_[position_] == '"') return quoted_field();
  const std::size_t begin = position_;
  while (!at_line_end() && text_[position_] != separator_) ++position_;
  const std::string_view raw = std::string_view(text_).substr(begin, position_ - begin);
  const std::size_t last = raw.find_last_not_of(" \t\r");
  return last == std::string_view::npos ? std::string_view() : raw.substr(0, last + 1);
}

std::string_view CsvRows::quoted_field() {
  const std::string_view text = text_;
  const Index opened = line_;
  std::size_t begin = position_ + 1;
  std::string* joined = nullptr;  // set once a doubled quote makes a copy necessary
  while (true) {
    const std::size_t quote = text.find('"', begin);
    if (quote == std::string_view::npos) {
      if (ended_) content_.fail("line " + std::to_string(opened) + ": a quoted field is never closed");
      position_ = text.size();  // more of the file will tell
      return {};
    }
    const std::string_view piece = text.substr(begin, quote - begin);
    line_ += std::count(piece.begin(), piece.end(), '\n');
    const bool doubled = quote + 1 < text.size() && text[quote + 1] == '"';
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
