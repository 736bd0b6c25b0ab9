#include "dpml/train/run_memory.h"

#include "dpml/base/error.h"
#include "dpml/base/memory.h"
#include "dpml/base/text.h"
#include "dpml/optim/optimizer.h"
#include "dpml/train/trainer.h"

namespace dpml {

RunMemory run_memory(const Experiment& experiment) {
  RunMemory memory{.sizes = model_sizes(experiment.model, experiment.train.sample_shape), .layout = {}};
  memory.layout = plan_batch_layout(memory.sizes.recorded_numbers, memory.sizes.parameters,
                                    experiment.privacy.expected_batch_size, experiment.runtime.physical_batch);
  const int kept = memory_tensors(experiment.optimizer) + (experiment.averaging.decay > 0 ? 1 : 0);
  memory.bytes = planned_memory(memory.layout, memory.sizes.recorded_numbers, memory.sizes.parameters, kept,
                                resolved_threads(experiment.runtime.threads));
  return memory;
}

void require_memory(const RunMemory& memory) {
  const std::uint64_t usable = usable_memory();
  if (memory.bytes <= usable) return;
  throw ConfigError("the model has " + counted(memory.sizes.parameters, "parameter") + ", and training it needs " +
                    format_bytes(memory.bytes) + " beside the data, but this machine has " + format_bytes(usable) +
                    "; make the model or runtime.physical_batch smaller");
}

}  // namespace dpml
