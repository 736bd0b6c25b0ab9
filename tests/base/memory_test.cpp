#include "dpml/base/memory.h"

#include <sys/resource.h>
#include <unistd.h>

namespace dpml {
namespace {

TEST(UsableMemory, IsAtMostThatOfTheMachine) {
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE));
  EXPECT_GT(usable_memory(), std::uint64_t{1} << 20);
  EXPECT_LE(usable_memory(), machine);
}

TEST(UsableMemory, HeedsTheLimitOfAddressSpace) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  const std::uint64_t least = usable_memory() / 2;
  const rlimit smaller{least, before.rlim_max};
  if (::setrlimit(RLIMIT_AS, &smaller) != 0) GTEST_SKIP() << "this limit cannot be set here";
  const std::uint64_t found = usable_memory();
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(found, least);
}

}  // namespace
}  // namespace dpml
