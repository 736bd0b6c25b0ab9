#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/onnx/initialisers.h"
#include "weight_file.h"

namespace dpml {

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{2} << 30;  // that the format can have

class OnnxWeights final : public WeightFile {
 public:
  explicit OnnxWeights(const std::string& bytes) : initialisers_(bytes) {}

  const std::vector<std::string>& names() const override { return initialisers_.names(); }
  Description describe(std::size_t i) override {
    const std::string problem = initialisers_.problem_of(i);
    return {problem.empty() ? initialisers_.shape_of(i) : Shape(), problem};
  }
  Tensor floats(std::size_t i) override { return initialisers_.floats(i); }
  std::string place() const override { return "the graph"; }

 private:
  onnx::Initialisers initialisers_;
};

}  // namespace

std::unique_ptr<WeightFile> open_onnx(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, kMostBytes);
  try {
    return std::make_unique<OnnxWeights>(bytes);
  } catch (const FileError& error) {
    throw FileError(path.string() + ": " + error.what());
  }
}

}  // namespace dpml
