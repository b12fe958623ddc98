#include "ops/row_tiles.h"
#include "shaders/layer_norm.h"

namespace fovea {
namespace {

void launch_layer_norm(Launch& k, uint32_t row_count, uint32_t width, float eps) {
  const uint32_t most_held = getenv("HELD") ? atoi(getenv("HELD")) : 32;
  const bool aligned = all_on_16_bytes({k.in(0), k.in(1), k.in(2), k.in(3), k.out()});
  const RowTiles tiles = choose_row_tiles(lanes(k), width, most_held, aligned);
  const uint32_t together = tiles.blocks == 1 ? (getenv("ROWS") ? atoi(getenv("ROWS")) : 4) : 1;
  k.dispatch({.kernel = tiles.quads ? "layer_norm" : "layer_norm_scalar",
              .constants = {lanes(k), tiles.full, tiles.held, together, tiles.blocks == 1,
                            k.in(3).buffer != nullptr},
              .groups = k.rows(uint64_t(ceil_div(row_count, together))),
              .reads = {k.in(0), k.in(3), k.in(1), k.in(2)},
              .writes = {k.out()}},
             LayerNormParams{row_count, width, tiles.blocks, eps});
}

}  // namespace

Tensor layer_norm(Tensor x, Tensor gain, Tensor shift, const LayerNormOptions& options) {
  x = dense("layer_norm", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "layer_norm: needs a last axis, got ", shape);
  gain = dense("layer_norm", gain);
  shift = dense("layer_norm", shift);
  const Shape wanted = {shape.back()};
  FOVEA_CHECK(gain.shape() == wanted && shift.shape() == wanted, "layer_norm: gain ", gain.shape(), " and shift ",
              shift.shape(), " for rows of ", shape, ", needs ", wanted);
  Tensor residual = options.residual;
  if (residual) {
    residual = dense("layer_norm", residual);
    FOVEA_CHECK(residual.shape() == shape, "layer_norm: residual ", residual.shape(), " for x ", shape);
  }
  return x.graph->add({.op = "layer_norm",
                       .detail = concat("eps ", options.eps, residual ? " residual" : ""),
                       .inputs = {x, gain, shift, residual},
                       .shape = shape,
                       .launch = [row_count = uint32_t(rows(shape)), width = uint32_t(shape.back()),
                                  eps = options.eps](Launch& k) { launch_layer_norm(k, row_count, width, eps); }});
}

}  // namespace fovea
