#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "origins.h"
#include "problems.h"

namespace google::protobuf {
class Message;
class FieldDescriptor;
}  // namespace google::protobuf

namespace dpml::config {

/// Numbers a field may hold. Nothing allows NaN; none allows infinity.
struct Range {
  double lower;
  bool has_lower;  ///< lower itself is allowed
  double upper;
  bool has_upper;  ///< upper itself is allowed
  std::string_view words;

  bool holds(double value) const;
};

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr Range kFinite{-kInfinity, false, kInfinity, false, "a finite number"};
inline constexpr Range kPositive{0, false, kInfinity, false, "a finite number above 0"};
inline constexpr Range kNotNegative{0, true, kInfinity, false, "a finite number of at least 0"};
inline constexpr Range kInsideUnit{0, false, 1, false, "a number between 0 and 1, both excluded"};
inline constexpr Range kUnit{0, true, 1, true, "a number from 0 to 1"};
inline constexpr Range kUnitAboveZero{0, false, 1, true, "a number above 0 and at most 1"};
inline constexpr Range kUnitBelowOne{0, true, 1, false, "a number of at least 0 and below 1"};

/// Whole numbers a field may hold, both ends included.
struct WholeRange {
  std::int64_t lower;
  std::int64_t upper;
};

inline constexpr std::int64_t kLargestSize = std::int64_t{1} << 31;   ///< of an axis, a kernel, ...
inline constexpr std::int64_t kLargestCount = std::int64_t{1} << 50;  ///< of steps, samples: exact as a double
inline constexpr WholeRange kSize{1, kLargestSize};
inline constexpr WholeRange kSizeOrZero{0, kLargestSize};
inline constexpr WholeRange kAxis{-8, 8};  ///< of a batch; negative ones count from the last
inline constexpr WholeRange kPlaceOfAxis{-kLargestSize, kLargestSize};
inline constexpr WholeRange kCount{1, kLargestCount};
inline constexpr WholeRange kCountOrZero{0, kLargestCount};
inline constexpr WholeRange kLabel{-(std::int64_t{1} << 24), std::int64_t{1} << 24};  ///< exact as a float

/// A block of the config while it is read into a plain struct. Reading a field that is missing without a default, or
/// outside its range, adds a problem and gives some number, so that reading goes on and finds the next problem.
/// `why` says why a missing field has no default; it may be empty.
class Section {
 public:
  /// `path` is the field that holds the message; "" for the whole config.
  Section(const google::protobuf::Message& message, std::string path, const Origins& origins, Problems& problems)
      : message_(&message), path_(std::move(path)), origins_(&origins), problems_(&problems) {}

  bool states(const std::string& field) const;  ///< also when its value could not be read

  double number(const std::string& field, const Range& range, std::string_view why = "") const;
  double number_or_infinity(const std::string& field, const Range& range, std::string_view why = "") const;
  std::int64_t whole_number(const std::string& field, const WholeRange& range, std::string_view why = "") const;
  std::uint64_t natural_number(const std::string& field) const;
  bool flag(const std::string& field) const;
  std::string text(const std::string& field, std::string_view why = "") const;    ///< a problem when it is empty
  std::string any_text(const std::string& field) const;                           ///< as it is; "" when not stated
  std::string choice(const std::string& field, std::string_view why = "") const;  ///< name of an enum's value
  std::vector<std::int64_t> whole_numbers(const std::string& field, const WholeRange& range) const;
  std::vector<double> numbers(const std::string& field, const Range& range) const;
  std::vector<std::string> texts(const std::string& field) const;

  Section block(const std::string& field) const;                          ///< an empty one when it is not stated
  std::optional<Section> required_block(const std::string& field) const;  ///< absent after a problem
  std::vector<Section> blocks(const std::string& field) const;            ///< of a list

  /// Which of the alternatives is stated; empty when none is.
  std::string chosen(const std::string& alternatives) const;
  std::string required_choice(const std::string& alternatives, std::string_view why = "") const;
  /// All that may be chosen: the values of an enum, or the alternatives of that name.
  std::vector<std::string> words(const std::string& choice) const;

  void problem(std::string_view what) const;                            ///< with the block
  void problem(const std::string& field, std::string_view what) const;  ///< with a field
  void missing(const std::string& field, std::string_view expected, std::string_view why = "") const;
  Problems& problems() const { return *problems_; }
  const Origins& origins() const { return *origins_; }
  Origin origin() const { return origins_->nearest(path_); }
  Origin origin(const std::string& field) const;

 private:
  const google::protobuf::FieldDescriptor& descriptor(const std::string& field) const;
  bool can_read(const std::string& field, std::string_view expected, std::string_view why) const;

  const google::protobuf::Message* message_;
  std::string path_;
  const Origins* origins_;
  Problems* problems_;
  bool is_unreadable_ = false;  // stated, but not as a block, which was told: what is missing in it is not
};

}  // namespace dpml::config
