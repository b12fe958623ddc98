#include "ops/decoder_layer_step.h"

#include "gpu/shaders.h"
#include "ops/shapes.h"
#include "shaders/decoder_layer_step.h"

namespace fovea {
namespace {

constexpr int64_t kWidest = 128, kMostHidden = 512;

// The kernel for the device's subgroups, if it is built for them.
const char* kernel(const Limits& limits) {
  const std::vector<const Shader*> fitting = variants_for("decoder_layer_step", limits.subgroup);
  return fitting.empty() ? nullptr : fitting.front()->name;
}

}  // namespace

bool has_decoder_layer_step(const Limits& limits, int64_t width, int64_t hidden) {
  const bool narrow = width <= kWidest && hidden <= kMostHidden;
  // Parts of the weights are tensors of their own, which lie on 16 bytes.
  return limits.kernels == KernelClass::cpu && kernel(limits) && narrow && width % 4 == 0 && hidden % 4 == 0;
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
  FOVEA_CHECK(cache.shape() == Shape({2, search.rows(), s.steps, width}), "decoder_layer_step: cache ",
              cache.shape(), " for ", search.rows(), " rows of ", s.steps, " steps");
  const DecoderLayerStepParams params{uint32_t(width),
                                      uint32_t(layer.hidden),
                                      uint32_t(layer.heads),
                                      uint32_t(keys),
                                      s.batch,
                                      s.beams,
                                      s.steps,
                                      layer.eps};
  const int64_t scratch = int64_t(scratch_of(params).stride);
  const int64_t groups = ceil_div(search.rows(), kLayerRows);
  const uint32_t before = layer.norm_before, activation = uint32_t(layer.activation);
  Graph& graph = *x.graph;
  const std::vector<Tensor> made =
      graph.add_all({.op = "decoder_layer_step",
                     .detail = concat("keys ", keys, ", steps ", s.steps),
                     .inputs = {x, graph.use(layer.weights, "layer"), graph.use(search.control),
                                graph.use(search.history), memory, lengths},
                     .shape = cache.shape(),
                     .more = {{.shape = x.shape()}, {.shape = {groups * kLayerRows, scratch}}},
                     .target = &cache,
                     .launch = [=](Launch& k) {
                       k.dispatch({.kernel = kernel(k.limits()),
                                   .groups = {uint32_t(groups)},
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
