#include <algorithm>

#include "ops/shapes.h"
#include "shaders/layer_norm.h"

namespace fovea {
namespace {

struct Way {
  const char* kernel;
  uint32_t held, rows;  // of layer_norm_held: quads a lane holds of a row, rows a workgroup
};

// Which kernel takes rows of `width`; quads: they are whole quads on 16-byte boundaries.
Way choose_way(const Limits& limits, uint32_t row_count, uint32_t width, bool quads) {
  constexpr uint32_t kMostHeld = 32;  // 128 registers
  if (!quads) return {"layer_norm", 0, 1};
  // Drivers of 4 lanes (SwiftShader) keep arrays in memory; reading x again is quicker there.
  const uint32_t held = width / (4 * limits.subgroup);
  const bool whole = held * 4 * limits.subgroup == width;
  if (limits.subgroup <= 4 || !whole || held > kMostHeld) return {"layer_norm_quads", 0, 1};
  // CPU drivers: every load is a gather, so several rows share gain and shift. GPUs: parallelism counts.
  const uint32_t most_rows = limits.kernels == KernelClass::cpu ? 8 : 1;
  uint32_t together = most_rows;
  while (together > 1 && (row_count < 8 * together || together * held > 8 * 24)) together /= 2;
  return {"layer_norm_held", held, together};
}

void launch_layer_norm(Launch& k, uint32_t row_count, uint32_t width, float eps) {
  const Span operands[] = {k.in(0), k.in(1), k.in(2), k.in(3), k.out()};
  const auto on_16_bytes = [](const Span& span) { return span.address() % 16 == 0; };
  const bool quads = width % 4 == 0 && std::all_of(std::begin(operands), std::end(operands), on_16_bytes);
  const Way way = choose_way(k.limits(), row_count, width, quads);
  std::vector<uint32_t> constants = {lanes(k), k.in(3).buffer != nullptr};
  if (way.held > 0) constants.insert(constants.end(), {way.held, way.rows});
  k.dispatch({.kernel = way.kernel,
              .constants = constants,
              .groups = k.rows(uint64_t(ceil_div(row_count, way.rows))),
              .reads = {k.in(0), k.in(3), k.in(1), k.in(2)},
              .writes = {k.out()}},
             LayerNormParams{row_count, width, eps});
}

}  // namespace

Tensor layer_norm(Tensor x, Tensor gain, Tensor shift, const LayerNormOptions& options) {
  x = dense("layer_norm", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "layer_norm: needs a last axis, got ", shape);
  gain = dense("layer_norm", gain);
  shift = dense("layer_norm", shift);
  const Shape wanted = {shape.back()};
  FOVEA_CHECK(gain.shape() == wanted && shift.shape() == wanted, "layer_norm: gain ", gain.shape(),
              " and shift ", shift.shape(), " for x ", shape, ", needs ", wanted);
  Tensor residual = options.residual;
  if (residual) {
    residual = dense("layer_norm", residual);
    FOVEA_CHECK(residual.shape() == shape, "layer_norm: residual ", residual.shape(), " for x ", shape);
  }
  return x.graph->add({.op = "layer_norm",
                       .detail = concat("eps ", options.eps, residual ? " residual" : ""),
                       .inputs = {x, gain, shift, residual},
                       .shape = shape,
                       .launch = [=, eps = options.eps](Launch& k) {
                         launch_layer_norm(k, uint32_t(rows(shape)), uint32_t(shape.back()), eps);
                       }});
}

}  // namespace fovea
