// Fovea: attention models on any GPU through Vulkan compute. This header includes all the others.
#pragma once

#include "fovea/core.hpp"
#include "fovea/data.hpp"
#include "fovea/device.hpp"
#include "fovea/graph.hpp"
#include "fovea/heatmap.hpp"
#include "fovea/image.hpp"
#include "fovea/loader.hpp"
#include "fovea/metrics.hpp"
#include "fovea/nn.hpp"
#include "fovea/ops.hpp"
#include "fovea/plan.hpp"
#include "fovea/train.hpp"
#include "fovea/train_log.hpp"
#include "fovea/transformer.hpp"
#include "fovea/translator.hpp"
#include "fovea/vit.hpp"
