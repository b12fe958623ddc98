#include "ops/decoder_layer_step.h"

#include "gpu/shaders.h"
#include "ops/shapes.h"
#include "shaders/decoder_layer_step.h"

namespace fovea {
namespace {

constexpr int64_t kWidest = 128, kMostHidden = 512;
constexpr int64_t kMostRows = 8;  // of a workgroup

// The kernel for the device's subgroups whose workgroups take just so many rows, or the most; null: it is not
// built for them.
const Shader* kernel(const Limits& limits, int64_t rows) {
  const Shader* chosen = nullptr;
  for (const Shader* each : variants_for("decoder_layer_step", limits.subgroup)) {
    chosen = each;
    if (each->number("ROWS") >= double(rows)) break;
  }
  return chosen;
}

}  // namespace

bool has_decoder_layer_step(const Limits& limits, int64_t width, int64_t hidden) {
  const bool narrow = width <= kWidest && hidden <= kMostHidden;
  // Parts of the weights are tensors of their own, which lie on 16 bytes.
  return limits.kernels == KernelClass::cpu && kernel(limits, 1) && narrow && width % 4 == 0 &&
         hidden % 4 == 0;
}

Tensor decoder_layer_step(Tensor x, const StepState& search, const DecoderLayerState& layer, State& cache,
                          Tensor memory, Tensor lengths) {
  x = dense("decoder_layer_step", x);
  memory = dense("decoder_layer_step", memory);
  lengths = dense("decoder_layer_step", lengths, DType::u32);
  const SearchParams& s = search.params;
  const int64_t width = x.shape().back(), keys = memory.shape()[1];
  FOVEA_CHECK(x.shape() == Shape({search.rows(), width}) && width % layer.heads == 0,
              "decoder_layer_step: x ", x.shape(), " for ", search.rows(), " rows of ", layer.heads,
              " heads");
  FOVEA_CHECK(memory.shape() == Shape({s.batch, keys, 2 * width}), "decoder_layer_step: memory ",
              memory.shape(), " for ", s.batch, " sentences of width ", width);
  const int64_t cached = int64_t(s.batch) * s.beams;
  FOVEA_CHECK(cache.shape() == Shape({2, cached, s.steps, width}), "decoder_layer_step: cache ",
              cache.shape(), " for ", cached, " rows of ", s.steps, " steps");
  const DecoderLayerStepParams params{uint32_t(width),
                                      uint32_t(layer.hidden),
                                      uint32_t(layer.heads),
                                      uint32_t(keys),
                                      s.batch,
                                      s.places,
                                      s.beams,
                                      s.steps,
                                      s.order,
                                      layer.eps};
  const int64_t scratch = int64_t(scratch_of(params).stride);
  const int64_t rows = search.rows(), padded = ceil_div(rows, kMostRows) * kMostRows;
  const uint32_t before = layer.norm_before, activation = uint32_t(layer.activation);
  Graph& graph = *x.graph;
  const std::vector<Tensor> made =
      graph.add_all({.op = "decoder_layer_step",
                     .detail = concat("keys ", keys, ", steps ", s.steps),
                     .inputs = {x, graph.use(layer.weights, "layer"), graph.use(search.control),
                                graph.use(search.history), memory, lengths},
                     .shape = cache.shape(),
                     .more = {{.shape = x.shape()}, {.shape = {padded, scratch}}},
                     .target = &cache,
                     .launch = [=](Launch& k) {
                       const Shader* chosen = kernel(k.limits(), rows);
                       k.dispatch({.kernel = chosen->name,
                                   .groups = {uint32_t(ceil_div(rows, int64_t(chosen->number("ROWS"))))},
                                   .constants = {{"kNormBefore", before}, {"kActivation", activation}},
                                   .reads = {{"x", k.in(0)},
                                             {"layer", k.in(1)},
                                             {"control", k.in(2)},
                                             {"history", k.in(3)},
                                             {"memory", k.in(4)},
                                             {"lengths", k.in(5)}},
                                   .writes = {{"y", k.out(1)}, {"scratch", k.out(2)}, {"cache", k.out(0)}}},
                                  params);
                     }});
  return made[1];
}

}  // namespace fovea
