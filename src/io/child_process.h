#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace dpml {

/// The child's end: messages to the parent.
class Sender {
 public:
  explicit Sender(int pipe) : pipe_(pipe) {}
  void send(const void* bytes, std::size_t size) const;

 private:
  int pipe_;
};

/// Work done in a forked copy of this process, so that it may crash or hang without harm. It ends with this object.
class ChildProcess {
 public:
  struct Options {
    std::string place;                        ///< the file that is read: messages begin with it
    std::string reader = "the HDF5 library";  ///< who may crash or hang
    double patience_seconds = 30;             ///< the child counts as hanging when it sends nothing for so long
    std::uint64_t most_message_bytes = std::uint64_t{64} << 20;  ///< a longer message is not received
    std::uint64_t most_memory_bytes = 0;  ///< that the child may take beside what it was born with; 0: any
  };

  /// `work` runs in the child and only there. Throws FileError when no process can be started.
  ChildProcess(Options options, const std::function<void(const Sender&)>& work);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The next message. Throws FileError: with the text of what `work` threw, or saying that it crashed or hangs.
  std::string receive();
  /// The next message, of 1 to `room` bytes; returns its size.
  std::size_t receive(void* into, std::size_t room);

 private:
  std::size_t receive_header(std::size_t most);
  void read_exactly(void* into, std::size_t size);
  [[noreturn]] void fail(const std::string& what) const;

  Options options_;
  int pipe_ = -1;
  pid_t child_ = -1;
};

}  // namespace dpml
