#pragma once

// Everything a program needs that trains a private model: operations and layers, data, plan, training, runs by config,
// model files, audit.

#include "dpml/audit/audit.h"
#include "dpml/autograd/ops.h"
#include "dpml/config/build_model.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/config/parse_config.h"
#include "dpml/data/tensor_dataset.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/io/model_file.h"
#include "dpml/layers/batch_norm.h"
#include "dpml/layers/graph.h"
#include "dpml/layers/tied_linear.h"
#include "dpml/random/rng.h"
#include "dpml/train/claim.h"
#include "dpml/train/evaluate.h"
#include "dpml/train/run.h"
#include "dpml/train/trainer.h"
#include "dpml/train/weights.h"
