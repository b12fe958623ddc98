// The gradients that an op gives, and those of double-precision references by central differences.
#pragma once

#include <functional>
#include <vector>

#include "fovea/graph.hpp"

namespace fovea::test {

// What the node that made y, its first output, gives for its inputs from the gradient of y.
std::vector<Tensor> gradients_of(Tensor y, Tensor dy);

std::vector<double> widened(const std::vector<float>& values);

// y = f(inputs), each operand and y as a flat vector.
using Operands = std::vector<std::vector<double>>;
using Reference = std::function<std::vector<double>(const Operands& inputs)>;

// The gradient of sum_j dy[j] f(inputs)[j] for inputs[which]: right to some 1e-9 where f is smooth and of the
// size of 1. f must not have a corner within `step` of the inputs.
std::vector<double> gradient(const Reference& f, Operands inputs, const std::vector<float>& dy,
                             size_t which = 0, double step = 1e-5);

}  // namespace fovea::test
