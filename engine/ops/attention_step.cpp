#include "ops/attention_step.h"

#include "ops/shapes.h"
#include "shaders/attention_step.h"

namespace fovea {
namespace {

// Inputs: q, control, history, learned, and of attention to a memory its lengths and itself.
void launch(Launch& k, const AttentionStepParams& params, bool self, bool additive) {
  const uint32_t rows = params.batch * params.beams;
  const size_t first = self ? 1 : 0;  // behind the cache
  const Span& learned = k.in(3);
  k.dispatch(
      {.kernel = "attention_step",
       .groups = {rows, params.heads},
       .constants = {{"kSelf", self},
                     {"kHasRelative", learned.buffer != nullptr && !additive},
                     {"kAdditive", additive}},
       .reads = {{"q", k.in(0)},
                 {"control", k.in(1)},
                 {"history", k.in(2)},
                 {"lengths", self ? Span() : k.in(4)},
                 {"learned", learned}},
       .writes = {{"y", k.out(first)}, {"weights", k.out(first + 1)}, {"cache", self ? k.out(0) : k.in(5)}}},
      params);
}

void expect_queries(Tensor q, const StepState& search) {
  FOVEA_CHECK(q.shape().rank() == 2 && q.shape()[0] == search.rows(), "attention_step: queries ", q.shape(),
              " for ", search.rows(), " rows");
}

AttentionStepParams params_of(const StepState& search, int64_t width, const StepHeads& heads, int64_t keys) {
  FOVEA_CHECK(heads.count >= 1 && width % heads.count == 0, "attention_step: width ", width,
              " is no multiple of ", heads.count, " heads");
  const int64_t head_dim = width / heads.count, reach = heads.relative ? heads.relative->shape()[1] / 2 : 0;
  FOVEA_CHECK(!heads.relative || !heads.additive, "attention_step: relative positions of additive scores");
  if (heads.relative) {
    expect_state("attention_step", *heads.relative, DType::f32);
    FOVEA_CHECK(heads.relative->shape() == Shape({2, 2 * reach + 1, head_dim}), "attention_step: relative ",
                heads.relative->shape(), " for heads of ", head_dim);
  }
  if (heads.additive) {
    expect_state("attention_step", *heads.additive, DType::f32);
    FOVEA_CHECK(heads.additive->shape() == Shape({head_dim}), "attention_step: additive ",
                heads.additive->shape(), " for heads of ", head_dim);
  }
  const SearchParams& s = search.params;
  return {
      uint32_t(heads.count), uint32_t(head_dim), uint32_t(keys), uint32_t(reach), s.batch, s.beams, s.steps};
}

// What is learned beside projections: of distances, or w of additive scores; absent: nothing.
Tensor learned(Graph& graph, const StepHeads& heads) {
  if (heads.relative) return graph.use(*heads.relative, "relative");
  return heads.additive ? graph.use(*heads.additive, "additive") : Tensor();
}

}  // namespace

AttentionStep attention_step(Tensor qkv, const StepState& search, State& cache, const StepHeads& heads) {
  qkv = dense("attention_step", qkv);
  expect_queries(qkv, search);
  expect_state("attention_step", cache, DType::f32);
  const int64_t width = qkv.shape().back() / 3, keys = search.params.steps;
  FOVEA_CHECK(qkv.shape().back() == 3 * width && cache.shape() == Shape({2, search.rows(), keys, width}),
              "attention_step: cache ", cache.shape(), " for queries ", qkv.shape(), " of ", keys, " steps");
  const AttentionStepParams params = params_of(search, width, heads, keys);
  const bool additive = heads.additive != nullptr;
  Graph& graph = *qkv.graph;
  const std::vector<Tensor> made = graph.add_all(
      {.op = "attention_step",
       .detail = concat("steps ", keys),
       .inputs = {qkv, graph.use(search.control), graph.use(search.history), learned(graph, heads)},
       .shape = cache.shape(),
       .more = {{.shape = {search.rows(), width}}, {.shape = {search.rows(), heads.count, keys}}},
       .target = &cache,
       .launch = [=](Launch& k) { launch(k, params, true, additive); }});
  return {.out = made[1], .weights = made[2]};
}

AttentionStep attention_step(Tensor q, const StepState& search, Tensor memory, Tensor lengths,
                             const StepHeads& heads) {
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
  FOVEA_CHECK(!heads.relative, "attention_step: relative positions of another sequence");
  const bool additive = heads.additive != nullptr;
  Graph& graph = *q.graph;
  const std::vector<Tensor> made =
      graph.add_all({.op = "attention_step",
                     .detail = concat("keys ", keys),
                     .inputs = {q, graph.use(search.control), graph.use(search.history),
                                learned(graph, heads), lengths, memory},
                     .shape = {search.rows(), width},
                     .more = {{.shape = {search.rows(), heads.count, keys}}},
                     .launch = [=](Launch& k) { launch(k, params, false, additive); }});
  return {.out = made[0], .weights = made[1]};
}

}  // namespace fovea
