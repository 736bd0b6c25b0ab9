#pragma once

// Everything a program needs that trains a private model: layers, data, plan, training, saving, audit.

#include "dpml/audit/audit.h"
#include "dpml/data/tensor_dataset.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/batch_norm.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/dropout.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/group_norm.h"
#include "dpml/layers/layer_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/residual.h"
#include "dpml/layers/sequential.h"
#include "dpml/random/rng.h"
#include "dpml/train/evaluate.h"
#include "dpml/train/trainer.h"
