#include "ops/decoder_layer_step.h"

#include "ops/shapes.h"
#include "shaders/decoder_layer_step.h"

namespace fovea {
namespace {

constexpr int64_t kRows = 8;  // of a workgroup, as in the shader
constexpr int64_t kWidest = 128, kMostHidden = 512;

int64_t padded(int64_t n) { return round_up(n, 16); }

const char* kernel(uint32_t lanes) {
  return lanes == 4 ? "decoder_layer_step_4" : lanes == 8 ? "decoder_layer_step_8" : "decoder_layer_step_16";
}

}  // namespace

bool has_decoder_layer_step(const Limits& limits, int64_t width, int64_t hidden) {
  const bool lanes = limits.subgroup == 4 || limits.subgroup == 8 || limits.subgroup == 16;
  const bool narrow = width <= kWidest && hidden <= kMostHidden;
  // Parts of the weights are tensors of their own, which lie on 16 bytes.
  return limits.kernels == KernelClass::cpu && lanes && narrow && width % 4 == 0 && hidden % 4 == 0;
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
  const int64_t scratch = 3 * padded(width) + padded(3 * width) + padded(layer.hidden) +
                          layer.heads * std::max<int64_t>(s.steps, keys);
  const int64_t groups = ceil_div(search.rows(), kRows);
  const uint32_t before = layer.norm_before, activation = uint32_t(layer.activation);
  Graph& graph = *x.graph;
  const std::vector<Tensor> made =
      graph.add_all({.op = "decoder_layer_step",
                     .detail = concat("keys ", keys, ", steps ", s.steps),
                     .inputs = {x, graph.use(layer.weights, "layer"), graph.use(search.control),
                                graph.use(search.history), memory, lengths},
                     .shape = cache.shape(),
                     .more = {{.shape = x.shape()}, {.shape = {groups * kRows, scratch}}},
                     .target = &cache,
                     .launch = [=](Launch& k) {
                       const uint32_t lanes = k.limits().subgroup;
                       k.dispatch({.kernel = kernel(lanes),
                                   .constants = {lanes, before, 0, 0, activation},
                                   .groups = {uint32_t(groups)},
                                   .reads = {k.in(0), k.in(1), k.in(2), k.in(3), k.in(4), k.in(5)},
                                   .writes = {k.out(1), k.out(2), k.out(0)}},
                                  params);
                     }});
  return made[1];
}

}  // namespace fovea
