// What additive scores cost beside scaled dots.
#pragma once

#include <fovea/device.hpp>

struct Sample;

// Of 4 batches, each of `size` queries and keys, all `size` wide.
void show_cost(Sample& sample, fovea::Device& device, int64_t size);
