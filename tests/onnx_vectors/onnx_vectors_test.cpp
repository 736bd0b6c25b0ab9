#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

#include "dpml/base/file.h"
#include "onnx_vectors/operators.h"

// Layers and operations against the numbers that ONNX's own tests have for its operators, those of its reference in
// NumPy and those that were written down from PyTorch. Debian's libonnx-testdata holds them; DPML_ONNX_TESTDATA may
// name another place.

namespace dpml::onnx_vectors {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-5;  // relative and absolute

fs::path testdata() {
  const char* stated = std::getenv("DPML_ONNX_TESTDATA");
  return stated == nullptr ? "/usr/share/libonnx-testdata/data" : stated;
}

struct Result {
  std::string name;
  std::string op;
  std::string left_out;  ///< why
  std::string problem;
};

double difference(const Tensor& got, const Tensor& expected) {
  double greatest = 0;
  for (std::size_t i = 0; i < expected.values().size(); ++i) {
    const double a = got.values()[i];
    const double b = expected.values()[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double d = std::abs(a - b) / (1 + std::abs(b));
    greatest = std::isnan(d) ? INFINITY : std::max(greatest, d);
  }
  return greatest;
}

/// "" when every output that both have agrees, and there is one.
std::string problem_of(const Case& one, const std::vector<Tensor>& got) {
  std::size_t compared = 0;
  for (std::size_t i = 0; i < std::min(got.size(), one.outputs.size()); ++i) {
    if (!one.outputs[i]) continue;
    ++compared;
    const Tensor& expected = *one.outputs[i];
    if (got[i].shape() != expected.shape()) {
      return "output " + std::to_string(i) + " is " + got[i].shape().to_text() + ", not " + expected.shape().to_text();
    }
    const double d = difference(got[i], expected);
    if (d > kTolerance) return "output " + std::to_string(i) + " differs by " + std::to_string(d);
  }
  return compared > 0 ? "" : "no output is compared";
}

Result result_of(const Case& one, const Operator& with) {
  Result result{one.name, one.op, "", ""};
  try {
    result.problem = problem_of(one, with.evaluate(one));
  } catch (const LeftOut& left_out) {
    result.left_out = left_out.why;
  } catch (const std::exception& error) {
    result.problem = error.what();
  }
  return result;
}

std::vector<Result> all_results() {
  std::vector<Result> results;
  for (const char* part : {"node", "pytorch-converted"}) {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(testdata() / part)) folders.push_back(entry.path());
    std::ranges::sort(folders);
    for (const fs::path& folder : folders) {
      const auto with = std::ranges::find(operators(), Case::operator_of(folder), &Operator::op);
      if (with != operators().end()) results.push_back(result_of(Case(folder), *with));
    }
  }
  return results;
}

/// | operator | dpml | cases | left out |, a row for each operator.
std::string table_of(const std::vector<Result>& results) {
  std::string table = "| operator | dpml | cases | left out |\n|---|---|---|---|\n";
  for (const Operator& with : operators()) {
    int agreeing = 0;
    std::map<std::string, std::string> left_out;  // names by reason
    for (const Result& result : results) {
      if (result.op != with.op) continue;
      if (result.left_out.empty() && result.problem.empty()) ++agreeing;
      if (result.left_out.empty()) continue;
      std::string& names = left_out[result.left_out];
      names += (names.empty() ? "`" : ", `") + result.name.substr(std::string("test_").size()) + "`";
    }
    std::string reasons;
    for (const auto& [why, names] : left_out) reasons += (reasons.empty() ? "" : "; ") + why + ": " + names;
    table += "| " + with.op + " | " + with.dpml + " | " + std::to_string(agreeing) + " | " + reasons + " |\n";
  }
  return table;
}

class OnnxVectors : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(testdata() / "node")) GTEST_SKIP() << "libonnx-testdata is not installed";
  }
};

TEST_F(OnnxVectors, AreWhatLayersAndOperationsGive) {
  for (const Result& result : all_results()) {
    EXPECT_EQ(result.problem, "") << result.name << " (" << result.op << ")";
  }
}

/// So a case that is left out stands there by name, and no other one is.
TEST_F(OnnxVectors, AreCountedInTheDocs) {
  const std::string table = table_of(all_results());
  const fs::path page = fs::path(DPML_TEST_DATA).parent_path() / "docs" / "layers.md";
  EXPECT_NE(read_file(page).find("\n" + table), std::string::npos) << "docs/layers.md should hold this table:\n"
                                                                   << table;
}

}  // namespace
}  // namespace dpml::onnx_vectors
