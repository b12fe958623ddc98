// Reverse accumulation: one walk from y back to what it was made of, which adds the nodes of the gradients.
#pragma once

#include <vector>

#include "fovea/graph.hpp"

namespace fovea {

// How gradients that meet at one value become one. The graph knows no ops: those that do this are handed in.
struct Joining {
  Tensor (*add)(Tensor a, Tensor b);
  Tensor (*concat)(const std::vector<Tensor>& parts, int axis);
};

// As Graph::grad; dy is not absent.
std::vector<Tensor> grad(Tensor y, const std::vector<Tensor>& of, Tensor dy, const Joining& joining);

}  // namespace fovea
