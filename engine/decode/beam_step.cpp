#include "shaders/beam_step.h"

#include "decode/search.h"
#include "decode/search_advance.h"
#include "ops/shapes.h"

namespace fovea {

Tensor beam_step(Tensor log_probs, Search& search, const BeamRules& rules) {
  log_probs = dense("beam_step", log_probs);
  const Shape& shape = log_probs.shape();
  FOVEA_CHECK(search.params.beams > 1 && shape.rank() == 2 && shape[0] == search.rows(),
              "beam_step: log-probabilities ", shape, " for ", search.rows(), " rows of several beams");
  // Of a sentence's best 2 beams continuations no more than that many are one row's.
  const int64_t candidates = std::min<int64_t>(2 * int64_t(search.params.beams), shape.back());
  FOVEA_CHECK(shape.back() >= 2, "beam_step: a vocabulary of ", shape.back(), " needs 2 tokens");
  const TopK best = top_k(log_probs, candidates);
  const BeamStepParams params{.candidates = uint32_t(candidates),
                              .length_penalty = rules.length_penalty,
                              .stop_early = rules.stop_early,
                              .patient = rules.patient,
                              .search = search.params};
  return add_search_step({"beam_step", concat("beams ", search.params.beams), best}, search, params,
                         [](const Launch& k, uint64_t places) { return k.rows(places); });
}

}  // namespace fovea
