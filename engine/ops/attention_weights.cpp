#include "shaders/attention_weights.h"

#include "ops/attention.h"

namespace fovea {

Tensor attention_weights(Tensor q, Tensor k, Tensor lse, const HeadsAndRows& which,
                         const AttentionOptions& given) {
  constexpr const char* kOp = "attention_weights";
  AttentionOptions options = given;
  const AttentionShape shape = check_attention(kOp, q, k, options);
  lse = dense(kOp, lse);
  FOVEA_CHECK(lse.shape() == Shape({shape.batch, shape.heads, shape.tokens}), kOp, ": lse ", lse.shape(),
              " for queries ", q.shape());
  const int64_t heads = which.heads < 0 ? shape.heads - which.head : which.heads;
  const int64_t rows = which.rows < 0 ? shape.tokens - which.row : which.rows;
  FOVEA_CHECK(which.head >= 0 && heads >= 1 && which.head + heads <= shape.heads, kOp, ": heads ", which.head,
              " to ", which.head + heads, " of ", shape.heads);
  FOVEA_CHECK(which.row >= 0 && rows >= 1 && which.row + rows <= shape.tokens, kOp, ": rows ", which.row,
              " to ", which.row + rows, " of ", shape.tokens);

  const Tensor at = which.at ? dense(kOp, which.at, DType::u32) : Tensor();
  FOVEA_CHECK(!at || (at.shape() == Shape({1}) && which.rows >= 1), kOp, ": rows from ",
              at ? at.shape() : Shape(), " on needs one number and how many rows");
  const AttentionWeightsParams params{
      .tokens = uint32_t(shape.tokens),
      .keys = uint32_t(shape.keys),
      .scale = options.scale,
      .q = attention_strides(q),
      .k = attention_strides(k),
      .bias = options.bias ? attention_strides(options.bias) : AttentionStrides{},
      .heads = uint32_t(shape.heads),
      .first_head = uint32_t(which.head),
      .first_row = uint32_t(which.row),
      .rows = uint32_t(rows),
  };
  const bool has_bias = bool(options.bias), has_lengths = bool(options.lengths), causal = options.causal;
  return q.graph->add({.op = kOp,
                       .detail = concat("heads ", which.head, " to ", which.head + heads, ", rows ",
                                        which.row, " to ", which.row + rows),
                       .inputs = {q, k, lse, options.lengths, options.bias, at},
                       .shape = {shape.batch, heads, rows, shape.keys},
                       .launch = [=](Launch& launch) {
                         launch.dispatch({.kernel = kOp,
                                          .groups = {uint32_t(rows), uint32_t(heads), uint32_t(shape.batch)},
                                          .constants = {{"kHeadDim", uint32_t(shape.head_dim)},
                                                        {"kCausal", causal},
                                                        {"kHasLengths", has_lengths},
                                                        {"kHasBias", has_bias},
                                                        {"kHasAt", launch.in(5).buffer != nullptr}},
                                          .reads = {{"q", launch.in(0)},
                                                    {"k", launch.in(1)},
                                                    {"lse", launch.in(2)},
                                                    {"lengths", launch.in(3)},
                                                    {"bias", launch.in(4)},
                                                    {"at", launch.in(5)}},
                                          .writes = {{"weights", launch.out()}}},
                                         params);
                       }});
}

}  // namespace fovea
