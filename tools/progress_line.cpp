#include "progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <vector>

#include "dpml/base/text.h"
#include "output.h"

namespace dpml::tools {

namespace {

/// One that understands how to go back to the start of a line and empty it.
bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

/// Asked for every line: the window may have been resized.
std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string rate_text(double steps_per_second) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.1f steps/s", steps_per_second);
  return text.data();
}

std::string epoch_text(double epoch) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "epoch %.2f", epoch);
  return text.data();
}

}  // namespace

std::string progress_text(const RunProgress& progress, std::size_t columns) {
  struct Part {
    std::string text;
    int worth;  // least is left out first
  };
  std::vector<Part> parts{
      {epoch_text(progress.epoch), 2},
      {"step " + std::to_string(progress.step) + "/" + std::to_string(progress.steps), 5},
      {rate_text(progress.steps_per_second), 1},
      {format_seconds(progress.seconds_left) + " left", 3},
      {"epsilon " + rounded_up(progress.epsilon) + " so far", 4},
  };
  const auto joined = [&parts] {
    std::string line;
    for (const Part& part : parts) line += (line.empty() ? "" : "  ") + part.text;
    return line;
  };
  for (int worth = 1; worth < 5 && joined().size() > columns; ++worth) {
    std::erase_if(parts, [worth](const Part& part) { return part.worth == worth; });
  }
  return joined().substr(0, columns);
}

ProgressLine::ProgressLine() : terminal_(is_terminal()) {}

void ProgressLine::operator()(const RunProgress& progress) {
  const bool last = progress.seconds_left == 0;
  if (!terminal_ && !last && progress.step < next_step_) return;
  next_step_ = progress.step + static_cast<std::uint64_t>(10 * progress.steps_per_second);
  if (terminal_) {
    // A line as wide as the window leaves the cursor on the next one in some terminals.
    std::fprintf(stderr, "\r\033[K%s", progress_text(progress, terminal_columns() - 1).c_str());
    open_ = true;
  } else {
    std::fprintf(stderr, "%s\n", progress_text(progress, std::numeric_limits<std::size_t>::max()).c_str());
  }
}

void ProgressLine::end() {
  if (open_) std::fprintf(stderr, "\n");
  open_ = false;
}

}  // namespace dpml::tools
