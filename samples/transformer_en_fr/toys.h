// The textbook's first steps with a Transformer's parts, with the numbers that it prints.
#pragma once

#include <fovea/fovea.hpp>

#include "../common/sample.h"

void show_parts(fovea::Device& device, Sample& sample);
