#include "shaders/beam_step.h"

#include "ops/search.h"
#include "ops/search_advance.h"
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
  Graph& graph = *log_probs.graph;
  const std::vector<Tensor> made =
      graph.add_all({.op = "beam_step",
                     .detail = concat("beams ", search.params.beams),
                     .inputs = {best.values, best.indices, graph.use(search.history)},
                     .shape = search.control.shape(),
                     .dtype = DType::u32,
                     .more = {{.shape = {1}, .dtype = DType::u32}},
                     .target = &search.control,
                     .launch = [=](Launch& k) {
                       k.dispatch({.kernel = "beam_step",
                                   .constants = {lanes(k)},
                                   .groups = k.rows(params.search.batch),
                                   .reads = {k.in(0), k.in(1)},
                                   .writes = {k.in(2), k.out(0)}},
                                  params);
                       search_advance(k, params.search);
                     }});
  return made[1];
}

}  // namespace fovea
