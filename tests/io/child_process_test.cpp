#include "child_process.h"

#include <unistd.h>

#include <csignal>
#include <vector>

#include "dpml/base/error.h"

namespace dpml {
namespace {

std::string error_of(ChildProcess& child) {
  try {
    child.receive();
    return "";
  } catch (const FileError& error) {
    return error.what();
  }
}

TEST(ChildProcess, SendsMessagesOfAnySize) {
  const std::vector<char> large(3000000, 'x');
  ChildProcess child({.place = "file"}, [&](const Sender& parent) {
    parent.send("", 0);
    parent.send(large.data(), large.size());
    parent.send("end", 3);
  });
  EXPECT_EQ(child.receive(), "");
  EXPECT_EQ(child.receive().size(), large.size());
  std::vector<char> into(10);
  EXPECT_EQ(child.receive(into.data(), into.size()), 3U);
}

TEST(ChildProcess, PassesErrorsOn) {
  ChildProcess child({.place = "file"}, [](const Sender&) { throw FileError("file: is not good"); });
  EXPECT_EQ(error_of(child), "file: is not good");
  ChildProcess other({.place = "file"}, [](const Sender&) { throw std::bad_alloc(); });
  EXPECT_TRUE(error_of(other).starts_with("file: cannot be read: "));
}

TEST(ChildProcess, TurnsACrashIntoAnError) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE}) {
    ChildProcess child({.place = "file"}, [signal](const Sender&) { std::raise(signal); });
    EXPECT_EQ(error_of(child), "file: is damaged: the HDF5 library crashed while it read it");
  }
}

TEST(ChildProcess, TurnsAHangIntoAnError) {
  ChildProcess child({.place = "file", .patience_seconds = 0.05}, [](const Sender&) {
    for (;;) ::pause();
  });
  EXPECT_EQ(error_of(child), "file: is damaged: the HDF5 library does not come to an end with it");
}

TEST(ChildProcess, RefusesAMessageThatDoesNotFit) {
  ChildProcess child({.place = "file"}, [](const Sender& parent) { parent.send("abcd", 4); });
  char into[3];
  EXPECT_THROW(child.receive(into, sizeof into), FileError);
}

}  // namespace
}  // namespace dpml
