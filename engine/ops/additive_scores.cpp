#include "shaders/additive_scores.h"

#include "ops/shapes.h"

namespace fovea {
namespace {

// x (batch, rows, hidden), its rows without gaps: a view that has such, else a copy.
Tensor in_rows(const char* op, Tensor x) {
  expect_dtype(op, x, DType::f32);
  FOVEA_CHECK(x.shape().rank() == 3, op, ": needs (batch, rows, hidden), got ", x.shape());
  return x.strides()[2] == 1 || x.shape()[2] == 1 ? x : contiguous(x);
}

AdditiveStrides strides_of(Tensor x) { return {uint32_t(x.strides()[0]), uint32_t(x.strides()[1])}; }

// A row of the shader's variant: several share what is loaded, but a single one does not wait for the others.
uint32_t rows_for(int64_t rows) { return rows == 1 ? 1 : 4; }

// The gradient of `own`, the queries or the keys, and what adds up to that of w: (batch, row blocks, hidden),
// absent for the keys. dy (batch, rows of own, rows of other).
std::pair<Tensor, Tensor> additive_scores_grad(Tensor own, Tensor other, Tensor w, Tensor dy, bool weights) {
  const Shape shape = own.shape();
  const uint32_t row_tile = rows_for(shape[1]);
  const AdditiveScoresGradParams params{.batch = uint32_t(shape[0]),
                                        .rows = uint32_t(shape[1]),
                                        .others = uint32_t(other.shape()[1]),
                                        .hidden = uint32_t(shape[2]),
                                        .own = strides_of(own),
                                        .other = strides_of(other),
                                        .dy = strides_of(dy),
                                        .dy_column = uint32_t(dy.strides()[2])};
  const int64_t row_blocks = ceil_div(shape[1], int64_t(row_tile));
  std::vector<NodeSpec::Output> more;
  if (weights) more.push_back({.shape = {shape[0], row_blocks, shape[2]}});
  const std::vector<Tensor> made = own.graph->add_all(
      {.op = "additive_scores_grad",
       .detail = weights ? "of queries and weights" : "of keys",
       .inputs = {own, other, w, dy},
       .shape = shape,
       .more = more,
       .launch = [=](Launch& k) {
         const uint64_t blocks = ceil_div(params.hidden, lanes(k));
         k.dispatch({.kernel = concat("additive_scores_grad_", row_tile),
                     .groups = k.rows(uint64_t(params.batch) * uint64_t(row_blocks) * blocks),
                     .constants = {{"kWeights", weights}},
                     .reads = {{"own", k.in(0)}, {"other", k.in(1)}, {"w", k.in(2)}, {"dy", k.in(3)}},
                     .writes = {{"down", k.out(0)}, {"dw", weights ? k.out(1) : Span()}}},
                    params);
       }});
  return {made[0], weights ? made[1] : Tensor()};
}

}  // namespace

Tensor additive_scores(Tensor q, Tensor k, Tensor w) {
  constexpr const char* kOp = "additive_scores";
  q = in_rows(kOp, q);
  k = in_rows(kOp, k);
  w = dense(kOp, w);
  const int64_t batch = q.shape()[0], queries = q.shape()[1], keys = k.shape()[1], hidden = q.shape()[2];
  FOVEA_CHECK(k.shape() == q.shape().with(1, keys), kOp, ": queries ", q.shape(), " and keys ", k.shape(),
              " differ in more than their number");
  FOVEA_CHECK(w.shape() == Shape({hidden}), kOp, ": weights ", w.shape(), " for queries ", q.shape(),
              ", needs (", hidden, ")");
  const uint32_t row_tile = rows_for(queries);
  const AdditiveScoresParams params{.batch = uint32_t(batch),
                                    .queries = uint32_t(queries),
                                    .keys = uint32_t(keys),
                                    .hidden = uint32_t(hidden),
                                    .q = strides_of(q),
                                    .k = strides_of(k)};
  return q.graph->add({.op = kOp,
                       .detail = concat("hidden ", hidden),
                       .inputs = {q, k, w},
                       .shape = {batch, queries, keys},
                       .launch =
                           [=](Launch& launch) {
                             const uint64_t blocks = ceil_div(params.keys, lanes(launch)),
                                            row_blocks = ceil_div(params.queries, row_tile);
                             launch.dispatch(
                                 {.kernel = concat("additive_scores_", row_tile),
                                  .groups = launch.rows(params.batch * row_blocks * blocks),
                                  .reads = {{"q", launch.in(0)}, {"k", launch.in(1)}, {"w", launch.in(2)}},
                                  .writes = {{"y", launch.out()}}},
                                 params);
                           },
                       .grad =
                           [=](Outputs, Tensor dy) {
                             const auto [dq, parts] = additive_scores_grad(q, k, w, dy, true);
                             const Tensor dk = additive_scores_grad(k, q, w, transpose(dy), false).first;
                             const int64_t summands = int64_t(parts.shape().elements()) / hidden;
                             const Tensor dw = reshape(sum(reshape(parts, {summands, hidden}), 0), {hidden});
                             return std::vector{dq, dk, dw};
                           }});
}

}  // namespace fovea
