#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <typeinfo>

namespace dpml {

/// Expects `act()` to throw exactly the type E, with `part` somewhere in its message.
template <class E, class Act>
void expect_error(std::string_view part, Act&& act) {
  try {
    act();
  } catch (const E& error) {
    EXPECT_EQ(typeid(error).name(), std::string(typeid(E).name())) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
        << "message: " << error.what() << "\nexpected in it: " << part;
    return;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return;
  }
  ADD_FAILURE() << "no error; expected one saying: " << part;
}

}  // namespace dpml
