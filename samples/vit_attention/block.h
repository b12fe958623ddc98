// The block of attention of a Vision Transformer, in single ops.
#pragma once

#include <fovea/fovea.hpp>

#include "../common/sample.h"

// Its parameters and shapes: 8 heads of 64 whatever the width is.
void take_apart(Sample& sample, fovea::Device& device);
