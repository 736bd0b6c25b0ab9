#include "dpml/base/xml.h"

#include <gtest/gtest.h>

namespace dpml {
namespace {

TEST(XmlText, CannotBecomeATag) {
  EXPECT_EQ(xml_text("a < b & \"c\" > d"), "a &lt; b &amp; &quot;c&quot; &gt; d");
  EXPECT_EQ(xml_text("&lt;"), "&amp;lt;");
  EXPECT_EQ(xml_text("größer"), "größer");
  EXPECT_EQ(xml_text("a\x1b\xff\n"), "a\\x1b\\xff\\n");
}

}  // namespace
}  // namespace dpml
