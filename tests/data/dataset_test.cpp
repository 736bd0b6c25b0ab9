#include <numeric>
#include <thread>

#include "data/files.h"
#include "dpml/data/physical_batch.h"
#include "dpml/data/tensor_dataset.h"

namespace dpml {
namespace {

std::vector<float> list(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

/// Five samples [2], sample i is (10 i, 10 i + 1), with label i.
TensorDataset five_samples() {
  std::vector<float> inputs;
  for (const float i : {0.0F, 1.0F, 2.0F, 3.0F, 4.0F}) inputs.insert(inputs.end(), {10 * i, 10 * i + 1});
  return {Tensor::from({5, 2}, inputs), Tensor::from({5}, std::vector<float>{0, 1, 2, 3, 4})};
}

TEST(TensorDataset, ReadsSamplesInTheOrderAskedFor) {
  Batch batch;
  five_samples().read(std::vector<Index>{4, 0, 4}, batch);
  EXPECT_EQ(batch.inputs.shape(), (Shape{3, 2}));
  EXPECT_EQ(list(batch.inputs), (std::vector<float>{40, 41, 0, 1, 40, 41}));
  EXPECT_EQ(batch.labels.shape(), Shape{3});
  EXPECT_EQ(list(batch.labels), (std::vector<float>{4, 0, 4}));
  EXPECT_EQ(batch.sample_ids, (std::vector<std::uint64_t>{4, 0, 4}));
}

TEST(TensorDataset, ReadsNoSamplesAtAll) {
  Batch batch;
  five_samples().read(std::vector<Index>{1, 2}, batch);
  five_samples().read({}, batch);
  EXPECT_EQ(batch.inputs.shape(), (Shape{0, 2}));
  EXPECT_EQ(batch.labels.shape(), Shape{0});
  EXPECT_TRUE(batch.sample_ids.empty());
}

TEST(TensorDataset, LeavesTheNumbersOfTheLastBatchToWhomeverHoldsThem) {
  Batch batch;
  five_samples().read(std::vector<Index>{1}, batch);
  const Tensor held = batch.inputs;
  five_samples().read(std::vector<Index>{2}, batch);
  EXPECT_EQ(list(held), (std::vector<float>{10, 11}));
}

TEST(TensorDataset, RefusesAnIndexOutsideAndLeavesTheBatchAsItWas) {
  Batch batch;
  five_samples().read(std::vector<Index>{1}, batch);
  EXPECT_THROW(five_samples().read(std::vector<Index>{0, 5}, batch), ShapeError);
  EXPECT_THROW(five_samples().read(std::vector<Index>{-1}, batch), ShapeError);
  EXPECT_EQ(list(batch.inputs), (std::vector<float>{10, 11}));
}

TEST(TensorDataset, RefusesCountsThatDiffer) {
  EXPECT_THROW(TensorDataset(Tensor::zeros({5, 2}), Tensor::zeros({4})), ShapeError);
  EXPECT_THROW(TensorDataset(Tensor::zeros({5, 2}), Tensor::zeros({})), ShapeError);
}

TEST(TensorDataset, MayBeEmptyAndMayLackLabels) {
  const TensorDataset none(Tensor::zeros({0, 3}), Tensor::zeros({0, 0}));
  EXPECT_EQ(none.size(), 0);
  EXPECT_EQ(none.input_shape(), Shape{3});
  const TensorDataset unlabelled(Tensor::zeros({2, 3}), Tensor::zeros({2, 0}));
  Batch batch;
  unlabelled.read(std::vector<Index>{1, 0}, batch);
  EXPECT_EQ(batch.labels.shape(), (Shape{2, 0}));
}

TEST(TensorDataset, ScalesBytesAndFloatsAlike) {
  std::vector<std::uint8_t> bytes(256);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  const NumericArray as_bytes({2, 128}, bytes);
  const NumericArray as_floats(as_bytes.to_tensor());
  ASSERT_TRUE(as_bytes.holds_bytes());
  ASSERT_FALSE(as_floats.holds_bytes());
  const InputScaling scaling{.scale = 1.0F / 255.0F, .offset = -0.5F};
  for (const NumericArray& array : {as_bytes, as_floats}) {
    Batch batch;
    TensorDataset(array, Tensor::zeros({2}), scaling).read(std::vector<Index>{1, 0}, batch);
    for (Index i = 0; i < 256; ++i) {
      const double byte = static_cast<double>((i + 128) % 256);
      EXPECT_NEAR(batch.inputs.data()[i], byte / 255.0 - 0.5, 1e-7);
    }
  }
}

TEST(TensorDataset, IsReadByManyThreadsAtOnce) {
  const TensorDataset dataset = five_samples();
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      Batch batch;
      for (int repeat = 0; repeat < 1000; ++repeat) {
        const std::vector<Index> indices{static_cast<Index>(t), 4 - static_cast<Index>(t)};
        dataset.read(indices, batch);
        wrong[t] += batch.inputs.data()[0] != 10.0F * static_cast<float>(t) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(NumericArray, MovesChannelsLast) {
  const Shape shape{2, 3, 4, 5};
  std::vector<std::uint8_t> bytes(120);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  const NumericArray as_bytes(shape, bytes);
  for (const NumericArray& images : {as_bytes, NumericArray(as_bytes.to_tensor())}) {
    const NumericArray moved = channels_last(images);
    ASSERT_EQ(moved.shape(), (Shape{2, 4, 5, 3}));
    EXPECT_EQ(moved.holds_bytes(), images.holds_bytes());
    const Tensor numbers = moved.to_tensor();
    for (Index n = 0; n < 2; ++n) {
      for (Index c = 0; c < 3; ++c) {
        for (Index y = 0; y < 4; ++y) {
          for (Index x = 0; x < 5; ++x) {
            EXPECT_EQ(numbers.data()[((n * 4 + y) * 5 + x) * 3 + c], static_cast<float>(((n * 3 + c) * 4 + y) * 5 + x));
          }
        }
      }
    }
  }
  EXPECT_EQ(channels_last(Tensor::zeros({0, 3, 4, 5})).shape(), (Shape{0, 4, 5, 3}));
  EXPECT_THROW(channels_last(Tensor::zeros({3, 4, 5})), ShapeError);
}

TEST(NumericArray, RefusesACountThatDoesNotFitItsShape) {
  EXPECT_THROW(NumericArray({2, 2}, std::vector<std::uint8_t>(3)), ShapeError);
  EXPECT_THROW(NumericArray(Tensor::zeros({2, 2})).reshaped({3}), ShapeError);
}

TEST(JoinDataset, TakesClassIndicesAndTargets) {
  const NumericArray inputs(Tensor::zeros({3, 2}));
  const NumericArray labels({3}, {0, 2, 1});
  const auto join = [&](const NumericArray& given, Index classes) {
    return join_dataset(inputs, "inputs.npy", given, "labels.npy", {.classes = classes});
  };
  EXPECT_EQ(join(labels, 3).label_shape(), Shape{});
  EXPECT_EQ(join(labels, 0).label_shape(), Shape{1});
  EXPECT_EQ(join(labels.reshaped({3, 1}), 0).label_shape(), Shape{1});
  EXPECT_EQ(join(Tensor::zeros({3, 4}), 7).label_shape(), Shape{4});
}

TEST(JoinDataset, NamesTheFileThatIsMislabelled) {
  const NumericArray inputs(Tensor::zeros({3, 2}));
  const auto join = [&](const std::vector<float>& labels, Index classes) {
    join_dataset(inputs, "inputs.npy", Tensor::from({std::ssize(labels)}, labels), "labels.npy", {.classes = classes});
  };
  EXPECT_TRUE(refuses("labels.npy", "row 1 (counted from 0): the label must be 0 or 1, one of 2 classes", [&] {
    join({0, 2, 1}, 2);
  }));
  EXPECT_TRUE(refuses("labels.npy", "row 2 (counted from 0): the label", [&] { join({0, 1, -1}, 2); }));
  EXPECT_TRUE(refuses("labels.npy", "row 0 (counted from 0): the label", [&] { join({0.5, 1, 1}, 2); }));
  EXPECT_TRUE(refuses("labels.npy", "row 0 (counted from 0): the label", [&] { join({NAN, 1, 1}, 2); }));
  EXPECT_TRUE(refuses("labels.npy", "holds 2 labels, but inputs.npy holds 3 samples", [&] { join({0, 1}, 2); }));
  EXPECT_THROW(join({0, 1, 1}, -1), ConfigError);
  EXPECT_THROW(join({0, 1, 1}, Tensor::kMaxExactInteger + 1), ConfigError);
}

TEST(JoinDataset, TakesTheLabelThatIsIgnoredBesideClassesAndNoOther) {
  const Tensor inputs = Tensor::zeros({3, 1});
  const auto join = [&](float label, std::optional<Index> ignored) {
    const Tensor labels = Tensor::from({3}, std::vector<float>{0, label, 1});
    return join_dataset(inputs, "inputs.npy", labels, "labels.npy", {.classes = 2, .ignored_label = ignored});
  };
  Batch batch;
  const std::vector<Index> all{0, 1, 2};
  join(-100, -100).read(all, batch);
  EXPECT_EQ(batch.labels.values()[1], -100);
  for (const float label : {-100.0F, -99.0F, 2.0F}) {
    const std::optional<Index> ignored = label == -100 ? std::nullopt : std::optional<Index>(-100);
    EXPECT_TRUE(refuses("labels.npy", "row 1 (counted from 0): the label must be", [&] { join(label, ignored); }));
  }
  EXPECT_THROW(join(0, (Index{1} << 24) + 1), ConfigError);
}

TEST(JoinDataset, RefusesRowsWithoutNumbers) {
  for (const InputLayout layout : {InputLayout::as_stored, InputLayout::grey_images, InputLayout::channels_first}) {
    const NumericArray inputs(Tensor(Shape{Index{1} << 60, 0, 0, 0}));
    EXPECT_TRUE(refuses("inputs.npy", "expected numbers in every row, found inputs [1152921504606846976, 0, 0, 0]",
                        [&] { join_dataset(inputs, "inputs.npy", inputs, "labels.npy", {.layout = layout}); }));
  }
}

TEST(JoinDataset, SaysWhereANumberStandsInItsFile) {
  const auto place = [](const Shape& inputs, InputLayout layout, Index element) {
    return join_dataset(Tensor::zeros(inputs), "x.npy", Tensor::zeros({inputs[0]}), "y.npy", {.layout = layout})
        .place_of(SamplePart::input, 1, element);
  };
  EXPECT_EQ(place({3}, InputLayout::as_stored, 0), "x.npy: row 1 (counted from 0)");
  EXPECT_EQ(place({3, 5}, InputLayout::as_stored, 4), "x.npy: row 1, column 4 (counted from 0)");
  EXPECT_EQ(place({3, 5, 4}, InputLayout::as_stored, 7), "x.npy: row 1, element [1, 3] (counted from 0)");
  EXPECT_EQ(place({3, 5, 4}, InputLayout::grey_images, 7), "x.npy: row 1, element [1, 3] (counted from 0)");
  // Stored [2, 5, 4], read [5, 4, 2]: number 15 is height 1, width 3, channel 1.
  EXPECT_EQ(place({3, 2, 5, 4}, InputLayout::channels_first, 15), "x.npy: row 1, element [1, 1, 3] (counted from 0)");
  const auto labels = [](const Shape& shape, Index element) {
    return join_dataset(Tensor::zeros({3, 1}), "x.npy", Tensor::zeros(shape), "y.npy", {})
        .place_of(SamplePart::label, 2, element);
  };
  EXPECT_EQ(labels({3}, 0), "y.npy: row 2 (counted from 0)");
  EXPECT_EQ(labels({3, 4}, 3), "y.npy: row 2, column 3 (counted from 0)");
  const TensorDataset in_memory(Tensor::zeros({3, 2}), Tensor::zeros({3}));
  EXPECT_EQ(in_memory.place_of(SamplePart::input, 0, 1), "the inputs: row 0, column 1 (counted from 0)");
  EXPECT_EQ(in_memory.place_of(SamplePart::label, 2, 0), "the labels: row 2 (counted from 0)");
}

TEST(JoinDataset, LaysImagesOut) {
  const auto join = [](const Shape& shape, InputLayout layout) {
    return join_dataset(Tensor::zeros(shape), "inputs.npy", Tensor::zeros({shape[0]}), "labels.npy",
                        {.classes = 2, .layout = layout})
        .input_shape();
  };
  EXPECT_EQ(join({3, 5, 4}, InputLayout::as_stored), (Shape{5, 4}));
  EXPECT_EQ(join({3, 5, 4}, InputLayout::grey_images), (Shape{5, 4, 1}));
  EXPECT_EQ(join({3, 2, 5, 4}, InputLayout::channels_first), (Shape{5, 4, 2}));
  EXPECT_TRUE(refuses("inputs.npy", "[N, h, w]", [&] { join({3, 5}, InputLayout::grey_images); }));
  EXPECT_TRUE(refuses("inputs.npy", "[N, C, H, W]", [&] { join({3, 5}, InputLayout::channels_first); }));
}

TEST(PhysicalBatch, CutsSamplesIntoFewPiecesOfEqualLength) {
  std::vector<Index> logical(10);
  std::iota(logical.begin(), logical.end(), Index{100});
  for (const Index size : {1, 3, 5, 10, 11}) {
    std::vector<Index> joined;
    const Index count = physical_batch_count(10, size);
    for (Index number = 0; number < count; ++number) {
      const auto piece = physical_batch(logical, size, number);
      EXPECT_LE(std::ssize(piece), size);
      EXPECT_GE(std::ssize(piece), 10 / count);
      EXPECT_LE(std::ssize(piece), 10 / count + 1);
      joined.insert(joined.end(), piece.begin(), piece.end());
    }
    EXPECT_EQ(joined, logical);
    EXPECT_THROW(physical_batch(logical, size, count), ShapeError);
  }
  EXPECT_EQ(physical_batch_count(0, 3), 0);
  EXPECT_THROW(physical_batch_count(3, 0), ConfigError);
  EXPECT_THROW(physical_batch(logical, 3, -1), ShapeError);
}

}  // namespace
}  // namespace dpml
