#pragma once

#include <stdexcept>
#include <string>

namespace dpml {

/// Root of everything dpml throws. A message names the place, what was expected, what came and what to do; it never
/// holds a value of the data.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes that do not fit together.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A shape of more numbers than can be counted, 2^63.
class SizeError : public ShapeError {
 public:
  using ShapeError::ShapeError;
};

/// A setting that is missing, misspelt, impossible or contradicts another one.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A file that is missing, truncated, corrupt, or cannot be written.
class FileError : public Error {
 public:
  using Error::Error;
};

/// A row of data that is not what the model needs, or data of which no row can be used.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Weights that are not finite any more. What was released stays paid for.
class DivergenceError : public Error {
 public:
  using Error::Error;
};

/// Going on would break, or leave unproved, a privacy guarantee.
class PrivacyError : public Error {
 public:
  using Error::Error;
};

/// An operation whose result for one sample would depend on another sample.
class SampleMixingError : public PrivacyError {
 public:
  using PrivacyError::PrivacyError;
};

/// A mistake in dpml itself. Tools answer it with exit code 70 and ask for a report.
class InternalError : public Error {
 public:
  using Error::Error;
};

[[noreturn]] void fail_assertion(const char* condition, const char* file, int line);

}  // namespace dpml

/// For dpml's own mistakes only: what a user can cause is an exception of the family above. Active in every build.
#define DPML_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::dpml::fail_assertion(#condition, __FILE__, __LINE__))
