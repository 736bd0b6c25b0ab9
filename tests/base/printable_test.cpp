#include <random>

#include "dpml/base/text.h"

namespace dpml {
namespace {

TEST(Printable, SpellsOutWhatCannotBeSeen) {
  EXPECT_EQ(printable("one row"), "one row");
  EXPECT_EQ(printable("row\033[2K\nPASSED: fake\r\t"), "row\\x1b[2K\\nPASSED: fake\\r\\t");
  EXPECT_EQ(printable(std::string("a\0b\x7f", 4)), "a\\x00b\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\u{9b}") << "a control character of one byte in other encodings";
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "abc"
                      "\xe2\x81\xa9"),
            "\\u{202e}abc\\u{2069}")
      << "turns the direction of writing";
  EXPECT_EQ(printable("PAS\xe2\x80\x8bSED"), "PAS\\u{200b}SED") << "has no width";
  EXPECT_EQ(printable("a\xe2\x80\xa8"
                      "b\xe2\x80\xa9"
                      "c"),
            "a\\u{2028}b\\u{2029}c")
      << "ends a line";
  EXPECT_EQ(printable("\xef\xbb\xbf"
                      "a\xf3\xa0\x81\x81"),
            "\\u{feff}a\\u{e0041}");
  EXPECT_EQ(printable("a\u3164\u115f\uffa0\ufe0f\u034f\u2800z"),
            "a\\u{3164}\\u{115f}\\u{ffa0}\\u{fe0f}\\u{34f}\\u{2800}z")
      << "fillers look like blanks";
  EXPECT_EQ(printable("\ue000"), "\\u{e000}") << "private use";
}

TEST(Printable, KeepsLettersOfEveryScript) {
  for (const char* text : {"größe", "ελληνικά", "日本語", "Ω ≤ ∞", "🙂", "naïve café", "\ufffd", "\\x1b is text"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_EQ(printable_lines(text), text);
    EXPECT_FALSE(first_invalid_utf8(text).has_value()) << text;
  }
}

TEST(Printable, SpellsOutBytesThatAreNoText) {
  EXPECT_EQ(printable("St\xfc"
                      "ck"),
            "St\\xfcck");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "an overlong slash";
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half of a surrogate pair";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond the last letter";
  EXPECT_EQ(printable("a\xe2\x82"), "a\\xe2\\x82") << "cut off";
  EXPECT_EQ(first_invalid_utf8("abc\xff"), 3U);
  EXPECT_EQ(first_invalid_utf8("\xe2\x82\xac\xe2\x82"), 3U);
}

TEST(Printable, KeepsLinesWhereTheyAreOurs) {
  EXPECT_EQ(printable_lines("a\n\tb\r\033c"), "a\n\tb\\r\\x1bc");
}

TEST(Printable, KeepsAMessageInOneLine) {
  EXPECT_EQ(one_line("no field \"a\nPASSED\".\n"), "no field \"a\\nPASSED\".");
  EXPECT_EQ(one_line("\n"), "");
}

TEST(Printable, IsTextOfVisibleLettersWhateverComes) {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 12, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() : 0xe0 + random() % 8);
    const std::string shown = printable(bytes);
    ASSERT_FALSE(first_invalid_utf8(shown).has_value());
    for (const char letter : shown) {
      ASSERT_TRUE(static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f);
    }
    ASSERT_EQ(printable(shown), shown);
  }
}

}  // namespace
}  // namespace dpml
