#include "shaders/next_log_probs.h"

#include "decode/search.h"
#include "ops/shapes.h"

namespace fovea {

Tensor next_log_probs(Tensor logits, const Search& search, const NextRules& rules) {
  logits = dense("next_log_probs", logits);
  const Shape shape = logits.shape();
  FOVEA_CHECK(shape.rank() == 2 && shape[0] == search.rows(), "next_log_probs: logits ", shape, " for ",
              search.rows(), " rows");
  FOVEA_CHECK(rules.repetition > 0, "next_log_probs: a repetition penalty of ", rules.repetition,
              " must be above 0");
  FOVEA_CHECK(rules.min_length >= 0 && rules.ngram >= 0, "next_log_probs: a least length of ",
              rules.min_length, " and n-grams of ", rules.ngram, " must not be below 0");
  if (rules.suppressed) {
    expect_state("next_log_probs", *rules.suppressed, DType::u32);
    const int rank = rules.suppressed->shape().rank();
    FOVEA_CHECK(rank == 1 || rank == 2, "next_log_probs: suppressed ", rules.suppressed->shape(),
                " is neither (n) nor (n, longest)");
  }
  Graph& graph = *logits.graph;
  const Tensor suppressed = rules.suppressed ? graph.use(*rules.suppressed, "suppressed") : Tensor();
  const NextLogProbsParams params{
      .vocab = uint32_t(shape[1]),
      .min_length = uint32_t(rules.min_length),
      .behind_prompt = rules.behind_prompt,
      .ngram = uint32_t(rules.ngram),
      .suppressed = suppressed ? uint32_t(suppressed.shape()[0]) : 0,
      .longest = suppressed && suppressed.shape().rank() == 2 ? uint32_t(suppressed.shape()[1]) : 1,
      .forced_eos = rules.forced_eos,
      .repetition = rules.repetition,
      .search = search.params};
  const bool any = rules.min_length > 0 || rules.ngram > 0 || rules.repetition != 1 || suppressed;
  return graph.add(
      {.op = "next_log_probs",
       .detail = any ? "rules" : "",
       .inputs = {logits, graph.use(search.control), graph.use(search.history), suppressed},
       .shape = shape,
       .launch = [=, renormalise = rules.renormalise](Launch& k) {
         k.dispatch(
             {.kernel = "next_log_probs",
              .groups = k.rows(uint64_t(shape[0])),
              .constants = {{"kRules", any}, {"kRenormalise", renormalise}},
              .reads = {{"x", k.in(0)}, {"control", k.in(1)}, {"history", k.in(2)}, {"suppressed", k.in(3)}},
              .writes = {{"y", k.out()}}},
             params);
       }});
}

}  // namespace fovea
