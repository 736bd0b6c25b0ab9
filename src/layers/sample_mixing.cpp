#include "dpml/layers/sample_mixing.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dpml/base/cases.h"
#include "dpml/base/error.h"
#include "dpml/random/key.h"
#include "dpml/random/rng.h"

namespace dpml {

namespace {

constexpr Index kSamples = 3;

using Digests = std::array<std::size_t, kSamples>;

/// Of the bits of each sample's numbers; all of them are one sample's when the value is shared.
Digests digests_of(const Tensor& x, bool is_shared) {
  Digests digests{};
  const Index row = is_shared ? x.size() : x.size() / kSamples;
  for (Index sample = 0; sample < (is_shared ? 1 : kSamples); ++sample) {
    const auto* bytes = reinterpret_cast<const char*>(x.data() + sample * row);
    digests[static_cast<std::size_t>(sample)] =
        std::hash<std::string_view>()({bytes, static_cast<std::size_t>(row) * sizeof(float)});
  }
  return digests;
}

/// Whether all but the changed sample have the same bits.
bool others_are_same(const Digests& a, const Digests& b, Index changed) {
  for (std::size_t sample = 0; sample < kSamples; ++sample) {
    if (sample != static_cast<std::size_t>(changed) && a[sample] != b[sample]) return false;
  }
  return true;
}

void make_nan(Tensor& x, Index changed) {
  x = x.clone();  // which may be seen elsewhere, too
  const Index row = x.size() / kSamples;
  std::fill_n(x.mutable_data() + changed * row, row, std::numeric_limits<float>::quiet_NaN());
}

[[noreturn]] void tell(const std::string& op, const std::string& what) {
  throw SampleMixingError(op + ": " + what +
                          " when the numbers of another sample do, so a sample's gradient could not be clipped by "
                          "itself. Compute each row from the same row of the inputs and from shared values alone; "
                          "check_layer of dpml/testing.h tries a layer by itself");
}

/// The first pass is remembered. In the others the changed sample has other numbers: large ones, which a maximum lets
/// through, or NaN in whatever is computed of it, which no sum hides.
enum class Pass { first, other_numbers, nan };

/// Remembers the first pass, and holds the others against it.
class Trial final : public TapeWitness, public GradientSink {
 public:
  Trial(const NumberRule& input_rule, std::vector<NamedParameter> parameters)
      : input_rule_(input_rule), parameters_(std::move(parameters)) {}

  void begin(Pass pass, Index changed) {
    pass_ = pass;
    changed_ = changed;
    next_ = next_norms_ = 0;
  }

  /// Whatever the first pass had was there again.
  void end() const {
    if (next_ < seen_.size() && pass_ != Pass::first) tell(seen_[next_].op, "whether it is computed changes");
    if (next_norms_ < norms_.size() && pass_ != Pass::first) {
      tell(name_of(*norms_[next_norms_].parameter), "whether it has a gradient changes");
    }
  }

  void saw(std::string_view op, Kind kind, Tensor& y) override {
    const bool is_shared = kind == Kind::shared;
    const Digests digests = digests_of(y, is_shared);
    const Seen& before = first_or(op, {std::string(op), y.shape(), digests, may_be_indices(y)});
    if (pass_ == Pass::first) return;
    if (is_shared) {
      if (before.digests != digests) tell(std::string(op), "what is shared by all samples changes");
      return;
    }
    if (!others_are_same(before.digests, digests, changed_)) tell(std::string(op), "a sample's values change");
    if (pass_ == Pass::nan && !before.may_be_indices) make_nan(y, changed_);
  }

  /// Of a sample value: nothing else has a gradient.
  void saw_gradient(std::string_view op, Tensor& dy) override {
    const Digests digests = digests_of(dy, false);
    const Seen& before = first_or(op, {std::string(op), dy.shape(), digests, false});
    if (pass_ == Pass::first) return;
    if (!others_are_same(before.digests, digests, changed_)) {
      tell(std::string(op), "the gradient of a sample's values changes");
    }
    if (pass_ == Pass::nan) make_nan(dy, changed_);
  }

  void accept(const Parameter& parameter, PerSampleGrad gradient) override {
    std::array<double, kSamples> norms{};
    std::move(gradient).in_smaller_form().add_squared_norms(norms);
    if (pass_ == Pass::first) {
      norms_.push_back({&parameter, norms});
      return;
    }
    if (next_norms_ == norms_.size() || norms_[next_norms_].parameter != &parameter) {
      tell(name_of(parameter), "whether it has a gradient changes");
    }
    const std::array<double, kSamples>& before = norms_[next_norms_++].squared;
    for (std::size_t sample = 0; sample < kSamples; ++sample) {
      const bool same = std::memcmp(&norms[sample], &before[sample], sizeof(double)) == 0;
      if (sample != static_cast<std::size_t>(changed_) && !same) {
        tell(name_of(parameter), "a sample's gradient changes");
      }
    }
  }

 private:
  struct Seen {
    std::string op;
    Shape shape;
    Digests digests;
    bool may_be_indices;  // a layer that takes indices throws on NaN, where they were handed on to it
  };
  struct Norms {
    const Parameter* parameter;
    std::array<double, kSamples> squared;
  };

  /// What the first pass had in the place of `now`, which in the first pass is that itself.
  const Seen& first_or(std::string_view op, Seen now) {
    if (pass_ == Pass::first) return seen_.emplace_back(std::move(now));
    const bool is_other = next_ == seen_.size() || seen_[next_].op != op || seen_[next_].shape != now.shape;
    if (is_other) tell(std::string(op), "what is computed changes");
    return seen_[next_++];
  }

  std::string name_of(const Parameter& parameter) const {
    const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                    [&](const NamedParameter& named) { return named.parameter == &parameter; });
    return "the weight " + (found == parameters_.end() ? parameter.name() : found->name);
  }

  bool may_be_indices(const Tensor& y) const {
    return std::holds_alternative<WholeNumber>(input_rule_) && !first_breach(input_rule_, y.values());
  }

  NumberRule input_rule_;
  std::vector<NamedParameter> parameters_;
  std::vector<Seen> seen_;
  std::size_t next_ = 0;
  std::vector<Norms> norms_;
  std::size_t next_norms_ = 0;
  Pass pass_ = Pass::first;
  Index changed_ = 0;
};

/// Numbers that keep the rule; those of the changed sample are others than in the first pass.
Tensor made_up(const Shape& sample, const NumberRule& rule, Pass pass, Index changed, std::uint64_t index) {
  constexpr double kOrdinary = 2;
  constexpr double kLarge = 8;
  Tensor x(sample.with_front(kSamples));
  const Index row = sample.size();
  for (Index b = 0; b < kSamples; ++b) {
    const bool is_other = pass != Pass::first && b == changed;
    const double largest = is_other ? kLarge : kOrdinary;
    Rng rng(Key::from_seed(static_cast<std::uint64_t>(is_other ? kSamples : b)), Purpose::data, index);
    const auto number = [&] { return static_cast<float>(rng.uniform(-largest, largest)); };
    const auto draw = [&] {
      return std::visit(
          Cases{[&](const WholeNumber& whole) {
                  return static_cast<float>(rng.below(static_cast<std::uint64_t>(whole.below)));
                },
                [&](const AnyNumber&) { return number(); }, [&](const FiniteNumber&) { return number(); }},
          rule);
    };
    for (Index i = 0; i < row; ++i) x.mutable_data()[b * row + i] = draw();
  }
  return x;
}

void walk(const Layer& model, const RowSchema& schema, Pass pass, Index changed, Trial& trial) {
  constexpr std::array<std::uint64_t, kSamples> kIds{0, 1, 2};
  trial.begin(pass, changed);
  Tape tape({.training = true, .gradients = true, .sample_ids = kIds, .mask_key = 1, .witness = &trial});
  const Value x = tape.sample(made_up(schema.input, schema.input_numbers, pass, changed, 0));
  const Tensor labels = made_up(schema.label, schema.label_numbers, pass, changed, 1);
  tape.backward(loss_value(schema.loss, tape, model.forward(tape, x), labels), trial);
  trial.end();
}

}  // namespace

void require_samples_apart(Layer& model, const RowSchema& schema) {
  Trial trial(schema.input_numbers, named_parameters(model));
  walk(model, schema, Pass::first, 0, trial);
  for (Index changed = 0; changed < kSamples; ++changed) {
    for (const Pass pass : {Pass::other_numbers, Pass::nan}) walk(model, schema, pass, changed, trial);
  }
}

}  // namespace dpml
