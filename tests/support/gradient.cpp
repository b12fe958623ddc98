#include "support/gradient.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "fovea/op.hpp"

namespace fovea::test {

std::vector<Tensor> gradients_of(Tensor y, Tensor dy) {
  const ValueId made = y.graph->value(y.id).base;
  const auto node =
      std::ranges::find_if(y.graph->nodes(), [&](const Node& each) { return each.outputs.front() == made; });
  REQUIRE(node != y.graph->nodes().end());
  std::vector<Tensor> outputs;
  for (const ValueId id : node->outputs) outputs.emplace_back(y.graph, id);
  const auto grad = node->spec.grad;  // a copy: the gradient adds nodes
  return grad(outputs, dy);
}

std::vector<double> widened(const std::vector<float>& values) { return {values.begin(), values.end()}; }

std::vector<double> gradient(const Reference& f, Operands inputs, const std::vector<float>& dy, size_t which,
                             double step) {
  std::vector<double>& x = inputs.at(which);
  std::vector<double> dx(x.size(), 0);
  for (size_t i = 0; i < x.size(); ++i) {
    const double middle = x[i], above = middle + step, below = middle - step;
    x[i] = above;
    const std::vector<double> upper = f(inputs);
    x[i] = below;
    const std::vector<double> lower = f(inputs);
    x[i] = middle;
    REQUIRE(upper.size() == dy.size());
    for (size_t j = 0; j < dy.size(); ++j) dx[i] += double(dy[j]) * (upper[j] - lower[j]) / (above - below);
  }
  return dx;
}

}  // namespace fovea::test
