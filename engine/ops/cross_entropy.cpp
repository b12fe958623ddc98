#include "shaders/cross_entropy.h"

#include "ops/shapes.h"

namespace fovea {
namespace {

// weights (rows, 2) and count (1) as cross_entropy leaves them, dloss (1) -> as logits.
Tensor cross_entropy_grad(Tensor logits, Tensor ids, const std::vector<Tensor>& made, Tensor dloss,
                          const CrossEntropyParams& params) {
  return logits.graph->add({.op = "cross_entropy_grad",
                            .inputs = {logits, ids, made[0], made[1], dense("cross_entropy_grad", dloss)},
                            .shape = logits.shape(),
                            .launch = [=](Launch& k) {
                              k.dispatch({.kernel = "cross_entropy_grad",
                                          .groups = k.rows(params.rows),
                                          .reads = {{"x", k.in(0)},
                                                    {"ids", k.in(1)},
                                                    {"weights", k.in(2)},
                                                    {"count", k.in(3)},
                                                    {"dloss", k.in(4)}},
                                          .writes = {{"dx", k.out()}}},
                                         params);
                            }});
}

void launch_cross_entropy(Launch& k, const CrossEntropyParams& params) {
  const Span &loss = k.out(0), &losses = k.out(1), &count = k.out(2), &weights = k.out(3);
  k.dispatch({.kernel = "cross_entropy",
              .groups = k.rows(params.rows),
              .constants = {{"kSmoothing", params.smoothing > 0}},
              .reads = {{"x", k.in(0)}, {"ids", k.in(1)}},
              .writes = {{"losses", losses}, {"weights", weights}}},
             params);
  k.dispatch({.kernel = "cross_entropy_mean",
              .reads = {{"losses", losses}, {"ids", k.in(1)}},
              .writes = {{"loss", loss}, {"counted", count}}},
             params);
}

}  // namespace

CrossEntropy cross_entropy(Tensor logits, Tensor ids, const CrossEntropyOptions& options) {
  logits = dense("cross_entropy", logits);
  ids = dense("cross_entropy", ids, DType::u32);
  const Shape shape = logits.shape();
  FOVEA_CHECK(!shape.empty(), "cross_entropy: needs a last axis, got ", shape);
  const Shape leading = shape.slice(0, shape.rank() - 1);
  FOVEA_CHECK(ids.shape() == leading, "cross_entropy: ids ", ids.shape(), " for logits ", shape, ", needs ",
              leading);
  FOVEA_CHECK(options.smoothing >= 0 && options.smoothing <= 1, "cross_entropy: smoothing ",
              options.smoothing, " must be in [0, 1]");
  const CrossEntropyParams params{uint32_t(rows(shape)), uint32_t(shape.back()), options.ignored,
                                  options.smoothing};
  const std::vector<Tensor> made = logits.graph->add_all(
      {.op = "cross_entropy",
       .detail = options.smoothing > 0 ? concat("smoothing ", options.smoothing) : std::string(),
       .inputs = {logits, ids},
       .shape = {1},
       .more = {{.shape = leading}, {.shape = {1}}, {.shape = {rows(shape), 2}}},
       .launch = [=](Launch& k) { launch_cross_entropy(k, params); },
       .grad = [=](Outputs y, Tensor dloss) {  // loss, rows, count, weights
         return std::vector{cross_entropy_grad(logits, ids, {y[3], y[2]}, dloss, params), Tensor()};
       }});
  return {made[0], made[1], made[2]};
}

}  // namespace fovea
