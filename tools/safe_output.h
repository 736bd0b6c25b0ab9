#pragma once

#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace dpml::tools {

/// Stands between a stream and where it leads: everything goes through printable_lines, so that no text of a file, a
/// path or an argument, wherever it is printed, can move the cursor, colour the terminal or turn the direction of
/// writing. Lines are ours: text of others is put into them by printable.
class SafeOutput final : public std::streambuf {
 public:
  explicit SafeOutput(std::ostream& stream) : stream_(stream), target_(stream.rdbuf(this)) {}
  ~SafeOutput() override;
  SafeOutput(const SafeOutput&) = delete;
  SafeOutput& operator=(const SafeOutput&) = delete;

 private:
  int_type overflow(int_type letter) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override;
  bool pass_on(std::size_t bytes);

  std::ostream& stream_;
  std::streambuf* target_;
  std::string waiting_;  // the beginning of a letter of several bytes
};

}  // namespace dpml::tools
