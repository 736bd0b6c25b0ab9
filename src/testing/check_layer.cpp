#include <algorithm>
#include <functional>

#include "checks.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

using testing::Report;

/// An exception is a finding, too.
void run(const std::string& name, Report& report, const std::function<void()>& check) {
  report.begin(name);
  try {
    check();
  } catch (const Error& error) {
    report.add(std::string("threw \"") + error.what() + "\"");
  }
}

}  // namespace

std::vector<std::string> check_layer(const LayerMaker& make, const Shape& x, const LayerCheckOptions& options) {
  constexpr Index kLeastBatch = 3;
  testing::Subject subject(make, x.without_front(), options);
  const testing::Batch batch = subject.draw(std::max(x[0], kLeastBatch));
  const testing::Batch one = subject.draw(1);

  Report report;
  run("shapes", report, [&] { check_shapes(subject, batch, report); });
  std::vector<std::string> violations = report.take();
  if (!violations.empty()) return violations;  // the other checks need the shapes
  run("batch of one", report, [&] { check_shapes(subject, one, report); });
  run("bits", report, [&] { check_bits(subject, report); });
  run("empty batch", report, [&] { check_empty_batch(subject, report); });
  run("finite differences", report, [&] { check_differences(subject, batch, report); });
  run("answers", report, [&] { check_answers(subject, batch, report); });
  run("samples stay apart", report, [&] { check_samples_stay_apart(subject, batch, report); });
  run("used beside itself", report, [&] { check_used_beside_itself(subject, batch, report); });
  run("used on its own result", report, [&] { check_used_on_its_result(subject, batch, report); });
  run("frozen", report, [&] { check_frozen(subject, batch, report); });
  return report.take();
}

void expect_layer_conforms(const LayerMaker& make, const Shape& x, const LayerCheckOptions& options) {
  const std::vector<std::string> violations = check_layer(make, x, options);
  if (violations.empty()) return;
  std::string text = "the layer does not conform for x " + x.to_text() + ":";
  for (const std::string& violation : violations) text += "\n  " + violation;
  throw Error(text);
}

}  // namespace dpml
