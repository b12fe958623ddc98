#include "models/seq2seq/weights.h"

#include <cmath>

#include "core/check.h"

namespace fovea {

std::vector<float> sinusoids(int64_t count, int64_t width, const Sinusoids& what) {
  FOVEA_CHECK(width % 2 == 0 && width >= 4, "sinusoids: a width of ", width, " is not even, or below 4");
  const int64_t half = width / 2;
  std::vector<float> table(size_t(count * width));
  for (int64_t row = 0; row < count; ++row)
    for (int64_t i = 0; i < half; ++i) {
      const double turn = double(i) / double(what.to_the_end ? half - 1 : half);
      const double angle = double(what.first + row) * std::pow(10000.0, -turn);
      table[size_t(row * width + (what.interleaved ? 2 * i : i))] = float(std::sin(angle));
      table[size_t(row * width + (what.interleaved ? 2 * i + 1 : half + i))] = float(std::cos(angle));
    }
  return table;
}

LinearWeights stacked(const std::vector<LinearWeights>& parts) {
  LinearWeights whole{0, parts.at(0).in};
  bool biased = false;
  for (const LinearWeights& part : parts) biased = biased || !part.bias.empty();
  for (const LinearWeights& part : parts) {
    FOVEA_CHECK(part.in == whole.in, "stacked: rows of ", part.in, " and ", whole.in, " weights");
    whole.out += part.out;
    whole.weight.insert(whole.weight.end(), part.weight.begin(), part.weight.end());
    whole.bias.insert(whole.bias.end(), part.bias.begin(), part.bias.end());
    if (biased) whole.bias.resize(size_t(whole.out), 0.0f);
  }
  return whole;
}

}  // namespace fovea
