#include "ops/attention.h"

#include <cmath>

#include "ops/copy.h"
#include "ops/tiles.h"

namespace fovea {

AttentionStrides attention_strides(Tensor x) {
  const auto stride = [&](int axis) {
    return x.shape()[axis] == 1 ? 0 : uint32_t(x.strides()[size_t(axis)]);
  };
  return {stride(0), stride(1), stride(2)};
}

Tensor on_quads(Tensor x) {
  bool fits = x.strides()[3] == 1 && x.graph->value(x.id).offset % 4 == 0;
  for (size_t axis = 0; axis < 3; ++axis)
    fits = fits && (x.shape()[int(axis)] == 1 || x.strides()[axis] % 4 == 0);
  return fits ? x : dense_copy(x);
}

AttentionShape check_attention(const char* op, Tensor& q, Tensor& k, AttentionOptions& options) {
  for (Tensor* x : {&q, &k}) {
    expect_dtype(op, *x, DType::f32);
    FOVEA_CHECK(x->shape().rank() == 4, op, ": needs (batch, heads, tokens, head_dim), got ", x->shape());
  }
  const AttentionShape shape{q.shape()[0], q.shape()[1], q.shape()[2], k.shape()[2], q.shape()[3]};
  FOVEA_CHECK(k.shape() == q.shape().with(2, shape.keys), op, ": queries ", q.shape(), " and keys ",
              k.shape(), " differ in more than their number");
  FOVEA_CHECK(has_attention(shape.head_dim), op, ": head_dim ", shape.head_dim,
              " is not a multiple of 4 up to 256");
  q = on_quads(q);
  k = on_quads(k);
  if (options.scale == 0) options.scale = 1 / std::sqrt(float(shape.head_dim));
  if (options.lengths) {
    FOVEA_CHECK(options.lengths.shape() == Shape({shape.batch}), op, ": lengths ", options.lengths.shape(),
                " for ", shape.batch, " sequences");
    options.lengths = dense(op, options.lengths, DType::u32);
  }
  if (options.bias) {
    expect_dtype(op, options.bias, DType::f32);
    FOVEA_CHECK(options.bias.shape().rank() == 4 && options.bias.shape().back() == shape.keys, op, ": bias ",
                options.bias.shape(), " for ", shape.keys, " keys");
    if (options.bias.strides()[3] != 1) options.bias = contiguous(options.bias);
    options.bias = expand(options.bias, {shape.batch, shape.heads, shape.tokens, shape.keys});
  }
  return shape;
}

Attention attention(Tensor q, Tensor k, Tensor v, const AttentionOptions& given) {
  AttentionOptions options = given;
  const AttentionShape shape = check_attention("attention", q, k, options);
  expect_dtype("attention", v, DType::f32);
  FOVEA_CHECK(v.shape() == k.shape(), "attention: keys ", k.shape(), " and values ", v.shape(), " differ");
  v = on_quads(v);

  const AttentionParams params{
      .tokens = uint32_t(shape.tokens),
      .keys = uint32_t(shape.keys),
      .scale = options.scale,
      .q = attention_strides(q),
      .k = attention_strides(k),
      .v = attention_strides(v),
      .bias = options.bias ? attention_strides(options.bias) : AttentionStrides{},
  };
  const bool has_bias = bool(options.bias), has_lengths = bool(options.lengths), causal = options.causal;
  const std::vector<Tensor> made = q.graph->add_all(
      {.op = "attention",
       .detail = concat("keys ", shape.keys, causal ? " causal" : "", has_lengths ? " lengths" : "",
                        has_bias ? " bias" : ""),
       .inputs = {q, k, v, options.lengths, options.bias},
       .shape = {shape.batch, shape.tokens, shape.heads, shape.head_dim},
       .more = {{.shape = {shape.batch, shape.heads, shape.tokens}}},
       .launch =
           [=](Launch& launch) {
             const AttentionTiles tiles = choose_attention_tiles(launch.limits(), params.tokens, params.keys,
                                                                 uint32_t(shape.head_dim));
             std::vector<Constant> constants = {{"kHeadDim", uint32_t(shape.head_dim)},
                                                {"kCausal", causal},
                                                {"kHasLengths", has_lengths},
                                                {"kHasBias", has_bias}};
             constants.insert(constants.end(), tiles.constants.begin(), tiles.constants.end());
             launch.dispatch({.kernel = tiles.kernel,
                              .groups = {uint32_t(ceil_div(shape.tokens, tiles.rows)), uint32_t(shape.heads),
                                         uint32_t(shape.batch)},
                              .lanes = tiles.lanes,
                              .constants = constants,
                              .reads = {{"q", launch.in(0)},
                                        {"k", launch.in(1)},
                                        {"v", launch.in(2)},
                                        {"lengths", launch.in(3)},
                                        {"bias", launch.in(4)}},
                              .writes = {{"y", launch.out(0)}, {"lse", launch.out(1)}}},
                             params);
           },
       .grad = [=](Outputs y, Tensor dout) { return attention_grad({q, k, v, y[0], y[1], options}, dout); }});
  return {.out = permute(made[0], {0, 2, 1, 3}), .lse = made[1]};
}

}  // namespace fovea
