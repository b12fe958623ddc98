#include "ops/attention_step.h"

#include "ops/shapes.h"
#include "shaders/attention_step.h"

namespace fovea {
namespace {

void launch(Launch& k, const AttentionStepParams& params, bool self, const Span& lengths,
            const Span& relative, const Span& cache) {
  const uint32_t rows = params.search.batch * params.search.beams;
  const size_t first = self ? 1 : 0;  // behind the cache
  k.dispatch({.kernel = "attention_step",
              .groups = {rows, params.heads},
              .constants = {{"kSelf", self}, {"kHasRelative", relative.buffer != nullptr}},
              .reads = {{"q", k.in(0)},
                        {"control", k.in(1)},
                        {"history", k.in(2)},
                        {"lengths", lengths},
                        {"relative", relative}},
              .writes = {{"y", k.out(first)}, {"weights", k.out(first + 1)}, {"cache", cache}}},
             params);
}

void expect_queries(Tensor q, const StepState& search) {
  FOVEA_CHECK(q.shape().rank() == 2 && q.shape()[0] == search.rows(), "attention_step: queries ", q.shape(),
              " for ", search.rows(), " rows");
}

AttentionStepParams params_of(const StepState& search, int64_t width, int64_t heads, int64_t keys,
                              int64_t reach = 0) {
  FOVEA_CHECK(heads >= 1 && width % heads == 0, "attention_step: width ", width, " is no multiple of ", heads,
              " heads");
  const int64_t head_dim = width / heads;
  return {uint32_t(heads), uint32_t(head_dim), uint32_t(keys), uint32_t(reach), search.params};
}

}  // namespace

AttentionStep attention_step(Tensor qkv, const StepState& search, State& cache, int64_t heads,
                             const State* relative) {
  qkv = dense("attention_step", qkv);
  expect_queries(qkv, search);
  expect_state("attention_step", cache, DType::f32);
  const int64_t width = qkv.shape().back() / 3, keys = search.params.steps;
  FOVEA_CHECK(qkv.shape().back() == 3 * width && cache.shape() == Shape({2, search.rows(), keys, width}),
              "attention_step: cache ", cache.shape(), " for queries ", qkv.shape(), " of ", keys, " steps");
  const int64_t reach = relative ? relative->shape()[1] / 2 : 0;
  const AttentionStepParams params = params_of(search, width, heads, keys, reach);
  if (relative) {
    expect_state("attention_step", *relative, DType::f32);
    FOVEA_CHECK(relative->shape() == Shape({2, 2 * reach + 1, width / heads}), "attention_step: relative ",
                relative->shape(), " for heads of ", width / heads);
  }
  Graph& graph = *qkv.graph;
  const Tensor table = relative ? graph.use(*relative, "relative") : Tensor();
  const std::vector<Tensor> made =
      graph.add_all({.op = "attention_step",
                     .detail = concat("steps ", keys),
                     .inputs = {qkv, graph.use(search.control), graph.use(search.history), table},
                     .shape = cache.shape(),
                     .more = {{.shape = {search.rows(), width}}, {.shape = {search.rows(), heads, keys}}},
                     .target = &cache,
                     .launch = [=](Launch& k) { launch(k, params, true, {}, k.in(3), k.out(0)); }});
  return {.out = made[1], .weights = made[2]};
}

AttentionStep attention_step(Tensor q, const StepState& search, Tensor memory, Tensor lengths,
                             int64_t heads) {
  q = dense("attention_step", q);
  memory = dense("attention_step", memory);
  lengths = dense("attention_step", lengths, DType::u32);
  expect_queries(q, search);
  const int64_t width = q.shape().back(), batch = search.params.batch;
  FOVEA_CHECK(memory.shape().rank() == 3 && memory.shape() == Shape({batch, memory.shape()[1], 2 * width}),
              "attention_step: memory ", memory.shape(), " for queries ", q.shape(), " of ", batch,
              " sentences");
  FOVEA_CHECK(lengths.shape() == Shape({batch}), "attention_step: lengths ", lengths.shape(), " for ", batch,
              " sentences");
  const int64_t keys = memory.shape()[1];
  const AttentionStepParams params = params_of(search, width, heads, keys);
  Graph& graph = *q.graph;
  const std::vector<Tensor> made =
      graph.add_all({.op = "attention_step",
                     .detail = concat("keys ", keys),
                     .inputs = {q, graph.use(search.control), graph.use(search.history), lengths, memory},
                     .shape = {search.rows(), width},
                     .more = {{.shape = {search.rows(), heads, keys}}},
                     .launch = [=](Launch& k) { launch(k, params, false, k.in(3), {}, k.in(4)); }});
  return {.out = made[0], .weights = made[1]};
}

}  // namespace fovea
