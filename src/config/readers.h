#pragma once

#include <string>
#include <vector>

#include "dpml/config/experiment.h"
#include "section.h"
#include "words.h"

// From blocks of the schema to plain structs, one function a block. Problems go to the section.
namespace dpml::config {

PrivacyOptions read_privacy(const Section& privacy, std::vector<std::string>& warnings);

struct ExperimentData {
  DataOptions train;
  std::optional<DataOptions> test;
};
ExperimentData read_data(const Section& data);
CsvSchema read_table(const Section& table);

ModelSpec read_model(const Section& model);
std::vector<LayerSpec> read_layers(const Section& list);  ///< the field `layer` of a block

inline constexpr std::array kLosses{
    Word<Loss>{"CROSS_ENTROPY", Loss::cross_entropy},
    Word<Loss>{"MEAN_SQUARED_ERROR", Loss::mean_squared_error},
    Word<Loss>{"BINARY_CROSS_ENTROPY", Loss::binary_cross_entropy},
    Word<Loss>{"HUBER", Loss::huber},
    Word<Loss>{"COSINE", Loss::cosine},
};
LossOptions read_loss(const Section& experiment);
OptimizerOptions read_optimizer(const Section& optimizer);
ScheduleOptions read_schedule(const Section& schedule, std::uint64_t steps);
AveragingOptions read_averaging(const Section& averaging);
RuntimeOptions read_runtime(const Section& runtime);

/// Whose data the weights have seen that training begins from; privacy, runtime and program are read already.
void read_initial_weights(const Section& experiment, Experiment& into);

}  // namespace dpml::config
