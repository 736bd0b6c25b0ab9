#include "dpml/base/text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace dpml {
namespace {

const std::vector<std::string> kFields = {"clip_bound", "sampling_rate", "noise_multiplier", "delta"};

TEST(NearestWord, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest_word("clip_bond", kFields), "clip_bound");
  EXPECT_EQ(nearest_word("noise_mutliplier", kFields), "noise_multiplier");
  EXPECT_EQ(nearest_word("dleta", kFields), "delta");  // a swap is one mistake
  EXPECT_EQ(nearest_word("dulto", kFields), "");       // two letters of five are more than a third
  EXPECT_EQ(nearest_word("delt", kFields), "delta");
  EXPECT_EQ(nearest_word("delta", kFields), "delta");
}

TEST(NearestWord, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_word("epochs", kFields), "");
  EXPECT_EQ(nearest_word("", kFields), "");
  EXPECT_EQ(nearest_word("delta", {}), "");
}

TEST(ListWords, JoinsAsInASentence) {
  const std::vector<std::string> words = {"a", "b", "c"};
  EXPECT_EQ(list_words(words), "a, b or c");
  EXPECT_EQ(list_words(words, " and "), "a, b and c");
  EXPECT_EQ(list_words(std::span(words).first(2)), "a or b");
  EXPECT_EQ(list_words(std::span(words).first(1)), "a");
  EXPECT_EQ(list_words({}), "");
}

TEST(Utf16, IsKnownWithAMarkAndWithout) {
  for (const std::string_view text : {std::string_view("\xFF\xFEx\0", 4), std::string_view("\xFE\xFF\0x", 4),
                                      std::string_view("x\0,\0", 4), std::string_view("\0x\0,", 4)}) {
    EXPECT_TRUE(is_utf16(text));
  }
  for (const std::string_view text : {std::string_view(""), std::string_view("x"), std::string_view("x,y\0", 4),
                                      std::string_view("\xEF\xBB\xBFx,"), std::string_view("\xC3\xA4")}) {
    EXPECT_FALSE(is_utf16(text));
  }
}

TEST(LetterCase, ChangesAsciiLettersAlone) {
  EXPECT_EQ(lower_case("ADD_or_Z\xC3\x9C [1]"), "add_or_z\xC3\x9C [1]");
  EXPECT_EQ(upper_case("add_OR_z\xC3\xBC {1}"), "ADD_OR_Z\xC3\xBC {1}");
}

TEST(ToText, ReadsBackAsTheSameNumber) {
  for (const double value : {0.1, 1e-5, 1.0 / 3.0, 6.02e23, -2.5, 5e-324, 1.7976931348623157e308, 0.0}) {
    EXPECT_EQ(std::strtod(to_text(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(3.0), "3");
  EXPECT_EQ(to_text(1e-5), "1e-05");
}

TEST(ToText, NamesWhatIsNoNumber) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_text(infinity), "inf");
  EXPECT_EQ(to_text(-infinity), "-inf");
  EXPECT_EQ(to_text(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(GroupDigits, SeparatesThousands) {
  EXPECT_EQ(group_digits(0), "0");
  EXPECT_EQ(group_digits(999), "999");
  EXPECT_EQ(group_digits(1000), "1,000");
  EXPECT_EQ(group_digits(1234567), "1,234,567");
  EXPECT_EQ(group_digits(-999), "-999");
  EXPECT_EQ(group_digits(-123456), "-123,456");
  EXPECT_EQ(group_digits(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(group_digits(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(Counted, ChoosesTheFormOfTheNoun) {
  EXPECT_EQ(counted(0, "row"), "0 rows");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(1234, "row"), "1,234 rows");
  EXPECT_EQ(counted(1, "class", "classes"), "1 class");
  EXPECT_EQ(counted(2, "class", "classes"), "2 classes");
}

TEST(FormatBytes, PicksTheUnit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(5 * 1024 * 1024), "5.0 MiB");
  EXPECT_EQ(format_bytes(std::uint64_t{3} << 30), "3.0 GiB");
}

TEST(FormatSeconds, PicksTheUnit) {
  EXPECT_EQ(format_seconds(0.04), "0.0 s");
  EXPECT_EQ(format_seconds(9.04), "9.0 s");
  EXPECT_EQ(format_seconds(10.4), "10 s");
  EXPECT_EQ(format_seconds(59.6), "1 min 0 s");
  EXPECT_EQ(format_seconds(75.3), "1 min 15 s");
  EXPECT_EQ(format_seconds(3 * 3600 + 59 * 60 + 30), "3 h 59 min");
}

}  // namespace
}  // namespace dpml
