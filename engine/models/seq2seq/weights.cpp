#include "models/seq2seq/weights.h"

#include "core/check.h"

namespace fovea {

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
