#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/accounting/ledger.h"
#include "dpml/base/error.h"

namespace dpml {

/// An upper bound: everything in the ledger, together, is (epsilon, delta)-differentially private.
struct Guarantee {
  double epsilon;               ///< >= 0, rounded up; +infinity when nothing can be certified
  double delta;                 ///< in [0, 1)
  Neighbours neighbours;        ///< which pairs of datasets count as adjacent
  std::string accountant;       ///< name of the method
  std::optional<double> order;  ///< the Renyi order that gave epsilon, where there is one
};

/// An event that an accountant cannot bound under the ledger's neighbours; the message says which and why.
class UnsupportedEvent : public Error {
 public:
  using Error::Error;
};

/// Turns a ledger into a guarantee. Pure: same ledger, same answer. It never estimates.
class Accountant {
 public:
  virtual ~Accountant() = default;

  virtual std::string_view name() const = 0;

  /// Smallest epsilon this method can certify at `delta`, rounded up; 0 for an empty ledger, +infinity for one with a
  /// NonPrivate event or a Gaussian without noise, and at delta = 0 for a ledger of Gaussians. Throws ConfigError when
  /// delta is not in [0, 1), UnsupportedEvent naming the first entry it cannot bound.
  virtual double epsilon(const Ledger& ledger, double delta) const = 0;

  /// Smallest delta this method can certify at `epsilon`, rounded up and at most 1; 0 for an empty ledger. Throws
  /// ConfigError when epsilon is negative or not a number (infinity is allowed), UnsupportedEvent as above.
  virtual double delta(const Ledger& ledger, double epsilon) const = 0;

  /// epsilon(), with all that belongs to the claim.
  virtual Guarantee guarantee(const Ledger& ledger, double delta) const;
};

/// What make_accountant knows.
std::vector<std::string> accountant_names();

/// "rdp": Renyi differential privacy, optimised over real orders (renyi.h). Throws ConfigError listing the names.
std::unique_ptr<Accountant> make_accountant(std::string_view name);

}  // namespace dpml
