#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/tensor/shape.h"
#include "file_content.h"

namespace dpml {

/// Cuts the text of a table into rows and fields: RFC 4180, with spaces and tabs around fields and blank lines ignored,
/// and either kind of line end. Holds the row at hand and little more of the file.
class CsvRows {
 public:
  /// The content is used as long as the rows are. Throws FileError when it is UTF-16.
  CsvRows(FileContent& content, char separator);

  /// Goes to the next row that is not blank; false when there is none. Throws FileError for a quote that is not closed,
  /// text behind one, or a row longer than 16 MiB or of more than 2^20 fields.
  bool next();

  const std::vector<std::string_view>& fields() const { return fields_; }  ///< of this row, until next()
  Index line() const { return row_line_; }                                 ///< where this row begins, from 1
  char separator() const { return separator_; }

 private:
  void read_more();
  void skip_blank_lines();
  void cut_row();
  void skip_spaces();
  bool at_line_end() const { return position_ == text_.size() || text_[position_] == '\n'; }
  std::string_view field();
  std::string_view quoted_field();

  FileContent& content_;
  char separator_;
  std::string text_;    ///< what was read and is not yet past
  bool ended_ = false;  ///< no more follows it
  std::size_t position_ = 0;
  Index line_ = 1;
  Index row_line_ = 0;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unescaped_;  ///< fields of this row that are not a piece of the text
};

}  // namespace dpml
