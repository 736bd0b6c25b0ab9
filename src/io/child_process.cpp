#include "child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <fstream>

#include "dpml/base/error.h"

namespace dpml {

namespace {

enum class MessageKind : std::uint64_t { data, error };

constexpr std::size_t kLongestError = std::size_t{1} << 20;

struct Header {
  MessageKind kind;
  std::uint64_t size;
};

void write_exactly(int pipe, const void* bytes, std::size_t size) {
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::write(pipe, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(1);  // the parent is no longer interested
    next += written;
    size -= static_cast<std::size_t>(written);
  }
}

void write_message(int pipe, MessageKind kind, const void* bytes, std::size_t size) {
  const Header header{kind, size};
  write_exactly(pipe, &header, sizeof header);
  write_exactly(pipe, bytes, size);
}

/// A crash of the child is an answer, not an event: no handlers of the program, no core file, nothing printed.
void prepare_to_crash_quietly() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPIPE}) std::signal(signal, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
}

/// Memory that only this process has, in bytes, as the kernel counts it against RLIMIT_DATA.
std::uint64_t own_memory() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  return statm ? pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

void limit_memory(std::uint64_t most_bytes) {
  const std::uint64_t own = own_memory();
  if (most_bytes == 0 || own == 0) return;
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, own + most_bytes);
  ::setrlimit(RLIMIT_DATA, &limit);
}

[[noreturn]] void run_child(int pipe, const ChildProcess::Options& options,
                            const std::function<void(const Sender&)>& work) noexcept {
  prepare_to_crash_quietly();
  limit_memory(options.most_memory_bytes);
  std::string error;
  try {
    work(Sender(pipe));
    ::_exit(0);
  } catch (const Error& thrown) {
    error = thrown.what();
  } catch (const std::bad_alloc&) {
    error = options.place + ": cannot be read: it wants more memory than such a file needs";
  } catch (const std::exception& thrown) {
    error = options.place + ": cannot be read: " + thrown.what();
  }
  write_message(pipe, MessageKind::error, error.data(), error.size());
  ::_exit(0);
}

}  // namespace

void Sender::send(const void* bytes, std::size_t size) const {
  write_message(pipe_, MessageKind::data, bytes, size);
}

ChildProcess::ChildProcess(Options options, const std::function<void(const Sender&)>& work)
    : options_(std::move(options)) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(std::string("no pipe to read it through: ") + std::strerror(errno));
  child_ = ::fork();
  if (child_ == 0) {
    ::close(ends[0]);
    run_child(ends[1], options_, work);
  }
  const int reason = errno;
  ::close(ends[1]);
  pipe_ = ends[0];
  if (child_ > 0) return;
  ::close(pipe_);
  fail(std::string("no process can be started to read it: ") + std::strerror(reason));
}

ChildProcess::~ChildProcess() {
  ::close(pipe_);
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string ChildProcess::receive() {
  std::string message(receive_header(options_.most_message_bytes), '\0');
  read_exactly(message.data(), message.size());
  return message;
}

std::size_t ChildProcess::receive(void* into, std::size_t room) {
  const std::size_t size = receive_header(room);
  if (size == 0) fail("is damaged: what was read from it does not fit its shape");
  read_exactly(into, size);
  return size;
}

std::size_t ChildProcess::receive_header(std::size_t most) {
  Header header{};
  read_exactly(&header, sizeof header);
  const bool is_data = header.kind == MessageKind::data;
  if (header.size > (is_data ? most : kLongestError)) {
    fail("is damaged: what was read from it does not fit its shape");
  }
  if (is_data) return header.size;
  std::string error(header.size, '\0');
  read_exactly(error.data(), error.size());
  throw FileError(error);
}

void ChildProcess::read_exactly(void* into, std::size_t size) {
  char* next = static_cast<char*>(into);
  while (size > 0) {
    pollfd wait{.fd = pipe_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(options_.patience_seconds * 1000));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) fail("is damaged: " + options_.reader + " does not come to an end with it");
    const ssize_t received = ::read(pipe_, next, size);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) fail("is damaged: " + options_.reader + " crashed while it read it");
    next += received;
    size -= static_cast<std::size_t>(received);
  }
}

void ChildProcess::fail(const std::string& what) const {
  throw FileError(options_.place + ": " + what);
}

}  // namespace dpml
