#include "shaders/layer_norm.h"

#include <algorithm>

#include "ops/shapes.h"
#include "shaders/layer_norm_grad.h"

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
  // CPU drivers: every load is a gather, so several rows share weight and bias. GPUs: parallelism counts.
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
  std::vector<Constant> constants = {{"kHasResidual", k.in(3).buffer != nullptr}};
  if (way.held > 0) constants.insert(constants.end(), {{"kHeld", way.held}, {"kRows", way.rows}});
  k.dispatch({.kernel = way.kernel,
              .groups = k.rows(uint64_t(ceil_div(row_count, way.rows))),
              .constants = constants,
              .reads = {{"x", k.in(0)}, {"weight", k.in(1)}, {"bias", k.in(2)}, {"residual", k.in(3)}},
              .writes = {{"y", k.out()}}},
             LayerNormParams{row_count, width, eps});
}

constexpr uint32_t kPartRows = 16;  // whose contributions to dweight and dbias are added up first

struct GradWay {
  bool quads;
  uint32_t held;  // quads a lane of layer_norm_grad_held; 0: two kernels that hold nothing
};

GradWay choose_grad_way(const Limits& limits, uint32_t width, bool quads) {
  const uint32_t most_held = limits.kernels == KernelClass::cpu ? 32 : 8;  // memory near by, or registers
  const uint32_t held = width / (4 * limits.subgroup);
  const bool whole = held * 4 * limits.subgroup == width;
  const bool holds = quads && limits.subgroup > 4 && whole && held <= most_held;  // as choose_way
  return {quads, holds ? held : 0};
}

// Inputs: x, residual, weight, dy. Outputs: dx, parts (parts, 2, width), moments (rows, 4).
void launch_layer_norm_grad(Launch& k, const LayerNormGradParams& params) {
  const Span &x = k.in(0), &residual = k.in(1), &weight = k.in(2), &dy = k.in(3);
  const Span &dx = k.out(0), &parts = k.out(1), &moments = k.out(2);
  const Span operands[] = {x, residual, weight, dy, dx, parts};
  const auto on_16_bytes = [](const Span& span) { return span.address() % 16 == 0; };
  const bool quads =
      params.columns % 4 == 0 && std::all_of(std::begin(operands), std::end(operands), on_16_bytes);
  const GradWay way = choose_grad_way(k.limits(), params.columns, quads);
  const uint64_t part_count = uint64_t(ceil_div(params.rows, params.part_rows));
  const uint32_t has_residual = residual.buffer != nullptr;
  if (way.held > 0) {
    k.dispatch({.kernel = "layer_norm_grad_held",
                .groups = k.rows(part_count),
                .constants = {{"kHasResidual", has_residual}, {"kHeld", way.held}},
                .reads = {{"x", x}, {"residual", residual}, {"weight", weight}, {"dy", dy}},
                .writes = {{"dx", dx}, {"parts", parts}}},
               params);
    return;
  }
  k.dispatch({.kernel = way.quads ? "layer_norm_grad_quads" : "layer_norm_grad_one",
              .groups = k.rows(params.rows),
              .constants = {{"kHasResidual", has_residual}},
              .reads = {{"x", x}, {"residual", residual}, {"weight", weight}, {"dy", dy}},
              .writes = {{"dx", dx}, {"moments", moments}}},
             params);
  const uint32_t lane_columns = way.quads ? 4 : 1;
  const uint64_t blocks = uint64_t(ceil_div(params.columns, lanes(k) * lane_columns));
  k.dispatch({.kernel = way.quads ? "layer_norm_grad_columns_quads" : "layer_norm_grad_columns_one",
              .groups = k.rows(part_count * blocks),
              .constants = {{"kHasResidual", has_residual}},
              .reads = {{"x", x}, {"residual", residual}, {"dy", dy}, {"moments", moments}},
              .writes = {{"parts", parts}}},
             params);
}

// The gradients of x, weight, bias and residual.
std::vector<Tensor> layer_norm_grad(Tensor x, Tensor weight, const LayerNormOptions& options, Tensor dy) {
  dy = dense("layer_norm", dy);
  const Shape shape = x.shape();
  const int64_t width = shape.back(), parts = ceil_div(rows(shape), kPartRows);
  const LayerNormGradParams params{uint32_t(rows(shape)), uint32_t(width), options.eps, kPartRows};
  const Tensor residual = options.residual;
  const std::vector<Tensor> made =
      x.graph->add_all({.op = "layer_norm_grad",
                        .detail = concat("eps ", options.eps, residual ? " residual" : ""),
                        .inputs = {x, residual, weight, dy},
                        .shape = shape,
                        .more = {{.shape = {parts, 2, width}}, {.shape = {rows(shape), 4}}},
                        .launch = [=](Launch& k) { launch_layer_norm_grad(k, params); }});
  const Tensor dx = made[0], both = parts == 1 ? made[1] : sum(made[1], 0);  // (1, 2, width)
  const auto of = [&](int which) { return reshape(slice(both, 1, which, 1), {width}); };
  return {dx, of(0), of(1), residual ? dx : Tensor()};
}

// Over all axes of weight and bias, as one.
Tensor layer_norm_of_axes(Tensor x, Tensor weight, Tensor bias, LayerNormOptions options) {
  const Shape shape = x.shape(), axes = weight.shape();
  const int rest = shape.rank() - axes.rank();
  FOVEA_CHECK(rest >= 0 && shape.slice(rest, shape.rank()) == axes && bias.shape() == axes,
              "layer_norm: weight ", axes, " and bias ", bias.shape(), " for x ", shape,
              ", need its last axes");
  const Shape width = {int64_t(axes.elements())}, flat = shape.slice(0, rest).appended(width[0]);
  if (options.residual) {
    FOVEA_CHECK(options.residual.shape() == shape, "layer_norm: residual ", options.residual.shape(),
                " for x ", shape);
    options.residual = reshape(options.residual, flat);
  }
  return reshape(layer_norm(reshape(x, flat), reshape(weight, width), reshape(bias, width), options), shape);
}

}  // namespace

Tensor layer_norm(Tensor x, Tensor weight, Tensor bias, const LayerNormOptions& options) {
  x = dense("layer_norm", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "layer_norm: needs a last axis, got ", shape);
  weight = dense("layer_norm", weight);
  bias = dense("layer_norm", bias);
  if (weight.shape().rank() > 1) return layer_norm_of_axes(x, weight, bias, options);
  const Shape wanted = {shape.back()};
  FOVEA_CHECK(weight.shape() == wanted && bias.shape() == wanted, "layer_norm: weight ", weight.shape(),
              " and bias ", bias.shape(), " for x ", shape, ", needs ", wanted);
  Tensor residual = options.residual;
  if (residual) {
    residual = dense("layer_norm", residual);
    FOVEA_CHECK(residual.shape() == shape, "layer_norm: residual ", residual.shape(), " for x ", shape);
  }
  return x.graph->add(
      {.op = "layer_norm",
       .detail = concat("eps ", options.eps, residual ? " residual" : ""),
       .inputs = {x, weight, bias, residual},
       .shape = shape,
       .launch = [=, eps = options.eps](
                     Launch& k) { launch_layer_norm(k, uint32_t(rows(shape)), uint32_t(shape.back()), eps); },
       .grad = [=, kept = LayerNormOptions{options.eps, residual}](
                   Outputs, Tensor dy) { return layer_norm_grad(x, weight, kept, dy); }});
}

}  // namespace fovea
