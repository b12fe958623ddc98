#include "shaders/top_k.h"

#include "ops/shapes.h"

namespace fovea {
namespace {

constexpr int64_t kFew = 32;  // that top_k_few finds sooner, about four times its runs

void launch_few(Launch& k, const TopKParams& params) {
  k.dispatch({.kernel = "top_k_few",
              .groups = k.rows(params.rows),
              .reads = {{"x", k.in()}},
              .writes = {{"values", k.out(0)}, {"indices", k.out(1)}}},
             params);
}

// Outputs: values, indices, and between the two dispatches the columns picked and their keys.
void launch_top_k(Launch& k, const TopKParams& params) {
  k.dispatch({.kernel = "top_k",
              .groups = k.rows(params.rows),
              .reads = {{"x", k.in()}},
              .writes = {{"picked", k.out(2)}, {"keys", k.out(3)}}},
             params);
  k.dispatch({.kernel = "top_k_sort",
              .groups = elements(k, uint64_t(params.rows) * params.k, 1),
              .reads = {{"x", k.in()}, {"picked", k.out(2)}, {"keys", k.out(3)}},
              .writes = {{"values", k.out(0)}, {"indices", k.out(1)}}},
             params);
}

}  // namespace

TopK top_k(Tensor x, int64_t k) {
  x = dense("top_k", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "top_k: needs a last axis, got ", shape);
  FOVEA_CHECK(1 <= k && k <= shape.back(), "top_k: k ", k, " of rows of ", shape.back());
  const TopKParams params{uint32_t(rows(shape)), uint32_t(shape.back()), uint32_t(k)};
  const Shape result = shape.with(-1, k);
  const NodeSpec::Output ids{.shape = result, .dtype = DType::u32};
  const bool few = k <= kFew;
  const std::vector<Tensor> made = x.graph->add_all(
      {.op = "top_k",
       .detail = concat("k ", k),
       .inputs = {x},
       .shape = result,
       .more = few ? std::vector{ids} : std::vector{ids, ids, ids},
       .launch = [=](Launch& launch) { few ? launch_few(launch, params) : launch_top_k(launch, params); }});
  return {.values = made[0], .indices = made[1]};
}

}  // namespace fovea
