#pragma once

namespace dpml {

/// One function object of several, for std::visit: std::visit(Cases{[](const A&) {...}, [](const B&) {...}}, variant).
template <class... Case>
struct Cases : Case... {
  using Case::operator()...;
};
template <class... Case>
Cases(Case...) -> Cases<Case...>;  // clang 14 does not find it by itself

}  // namespace dpml
