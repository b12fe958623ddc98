#include "shaders/log_prob.h"

#include "ops/shapes.h"
#include "shaders/log_prob_grad.h"

namespace fovea {
namespace {

Tensor log_prob_grad(Tensor x, Tensor ids, Tensor y, Tensor dy) {
  dy = dense("log_prob", dy);
  const LogProbGradParams params{uint32_t(rows(x.shape())), uint32_t(x.shape().back())};
  return x.graph->add(
      {.op = "log_prob_grad", .inputs = {x, ids, y, dy}, .shape = x.shape(), .launch = [=](Launch& k) {
         k.dispatch({.kernel = "log_prob_grad",
                     .groups = k.rows(params.rows),
                     .reads = {{"x", k.in(0)}, {"ids", k.in(1)}, {"y", k.in(2)}, {"dy", k.in(3)}},
                     .writes = {{"dx", k.out()}}},
                    params);
       }});
}

}  // namespace

Tensor log_prob(Tensor x, Tensor ids) {
  x = dense("log_prob", x);
  ids = dense("log_prob", ids, DType::u32);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "log_prob: needs a last axis, got ", shape);
  const Shape leading = shape.slice(0, shape.rank() - 1);
  FOVEA_CHECK(ids.shape() == leading, "log_prob: ids ", ids.shape(), " for x ", shape, ", needs ", leading);
  const LogProbParams params{uint32_t(rows(shape)), uint32_t(shape.back())};
  return x.graph->add(
      {.op = "log_prob",
       .inputs = {x, ids},
       .shape = leading,
       .launch =
           [=](Launch& k) {
             k.dispatch({.kernel = "log_prob",
                         .groups = k.rows(params.rows),
                         .reads = {{"x", k.in(0)}, {"ids", k.in(1)}},
                         .writes = {{"y", k.out()}}},
                        params);
           },
       .grad = [=](Outputs y, Tensor dy) { return std::vector{log_prob_grad(x, ids, y[0], dy), Tensor()}; }});
}

}  // namespace fovea
