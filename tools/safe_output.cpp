#include "safe_output.h"

#include "dpml/base/text.h"

namespace dpml::tools {

namespace {

/// How many bytes at the end may begin a letter that is not complete.
std::size_t open_end(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80) continue;  // goes on with a letter
    const std::size_t wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? back : 0;
  }
  return 0;
}

}  // namespace

SafeOutput::~SafeOutput() {
  pass_on(waiting_.size());
  stream_.rdbuf(target_);
}

SafeOutput::int_type SafeOutput::overflow(int_type letter) {
  if (traits_type::eq_int_type(letter, traits_type::eof())) return traits_type::not_eof(letter);
  const char byte = traits_type::to_char_type(letter);
  return xsputn(&byte, 1) == 1 ? letter : traits_type::eof();
}

std::streamsize SafeOutput::xsputn(const char* bytes, std::streamsize count) {
  waiting_.append(bytes, static_cast<std::size_t>(count));
  return pass_on(waiting_.size() - open_end(waiting_)) ? count : 0;
}

int SafeOutput::sync() {
  return pass_on(waiting_.size()) && target_->pubsync() == 0 ? 0 : -1;
}

bool SafeOutput::pass_on(std::size_t bytes) {
  const std::string safe = printable_lines(std::string_view(waiting_).substr(0, bytes));
  waiting_.erase(0, bytes);
  const auto size = static_cast<std::streamsize>(safe.size());
  return target_->sputn(safe.data(), size) == size;
}

}  // namespace dpml::tools
