#include "checks.h"
#include "numbers.h"

namespace dpml::testing {

void check_shapes(Subject& subject, const Batch& batch, Report& report) {
  const Shape expected = subject.layer().output_shape(subject.sample_shape()).with_front(batch.size());
  Recording recording(subject, batch);
  const Tensor y = recording.apply(recording.input(batch.x)).tensor();
  if (y.shape() != expected) {
    report.add("forward gives " + y.shape().to_text() + ", output_shape says " + expected.to_text());
    return;
  }
  if (!same_bits(y.values(), subject.result(batch).values())) {
    report.add("forward gives other numbers when nothing is recorded");
  }
  for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (subject.parameters()[i].name == subject.parameters()[j].name) {
        report.add("two parameters are named \"" + subject.parameters()[i].name + "\"");
      }
    }
  }
}

}  // namespace dpml::testing
