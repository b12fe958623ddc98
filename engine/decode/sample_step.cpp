#include "shaders/sample_step.h"

#include "decode/search.h"
#include "decode/search_advance.h"
#include "ops/shapes.h"

namespace fovea {

Tensor sample_step(Tensor log_probs, Search& search, const Sampling& sampling) {
  log_probs = dense("sample_step", log_probs);
  const Shape& shape = log_probs.shape();
  FOVEA_CHECK(search.params.beams == 1 && shape.rank() == 2 && shape[0] == search.rows(),
              "sample_step: log-probabilities ", shape, " for ", search.rows(), " rows of one beam");
  FOVEA_CHECK(sampling.temperature > 0, "sample_step: a temperature of ", sampling.temperature,
              " must be above 0");
  FOVEA_CHECK(sampling.top_p > 0 && sampling.top_p <= 1, "sample_step: top-p ", sampling.top_p,
              " must be in (0, 1]");
  FOVEA_CHECK(sampling.top_k >= 0, "sample_step: top-k ", sampling.top_k, " must not be below 0");
  const int64_t vocab = shape.back();
  const int64_t candidates = sampling.top_k == 0 ? vocab : std::min(sampling.top_k, vocab);
  const bool greedy = candidates == 1;
  const TopK best = greedy ? TopK{log_probs, argmax(log_probs)} : top_k(log_probs, candidates);
  const SampleStepParams params{.vocab = uint32_t(vocab),
                                .candidates = greedy ? 0 : uint32_t(candidates),
                                .temperature = sampling.temperature,
                                .top_p = sampling.top_p,
                                .search = search.params};
  return add_search_step(
      {"sample_step", greedy ? std::string("greedy") : concat("candidates ", candidates), best}, search,
      params, [](const Launch& k, uint64_t places) { return elements(k, places, 1); });
}

}  // namespace fovea
