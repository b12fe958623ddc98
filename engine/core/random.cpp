#include "core/random.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "core/check.h"

namespace fovea {

uint64_t Random::below(uint64_t end) {
  FOVEA_CHECK(end > 0, "random: a number below 0");
  // The lowest 2^64 mod end values are drawn again: what is left is a multiple of end.
  const uint64_t reject = (0 - end) % end;
  uint64_t bits = next();
  while (bits < reject) bits = next();
  return bits % end;
}

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

// The logarithm of a Gamma(alpha, 1) variate (Marsaglia, Tsang 2000); for small alpha the variate itself
// underflows.
double Random::log_gamma_variate(double alpha) {
  if (alpha < 1) {
    const double larger = log_gamma_variate(alpha + 1);
    return larger + std::log(1 - uniform()) / alpha;
  }
  const double d = alpha - 1.0 / 3;
  while (true) {
    const double x = normal();
    const double root = 1 + x / std::sqrt(9 * d);
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - uniform()) < x * x / 2 + d * (1 - v + std::log(v))) return std::log(d * v);
  }
}

double Random::beta(double alpha) {
  FOVEA_CHECK(alpha > 0 && std::isfinite(alpha), "random: beta: alpha must be above 0, got ", alpha);
  const double first = log_gamma_variate(alpha);
  const double second = log_gamma_variate(alpha);
  return 1 / (1 + std::exp(second - first));  // x / (x + y)
}

std::vector<uint32_t> permutation(uint32_t count, Random random) {
  std::vector<uint32_t> values(count);
  std::iota(values.begin(), values.end(), 0u);
  shuffle(values, random);
  return values;
}

std::vector<float> uniform_values(uint64_t count, double limit, Random& random) {
  std::vector<float> values(count);
  for (float& value : values) value = float((2 * random.uniform() - 1) * limit);
  return values;
}

double fan_in_limit(int64_t inputs) { return 1 / std::sqrt(double(inputs)); }

}  // namespace fovea
