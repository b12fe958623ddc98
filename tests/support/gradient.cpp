#include "support/gradient.h"

#include <catch2/catch_test_macros.hpp>

namespace fovea::test {

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
