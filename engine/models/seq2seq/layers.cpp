#include "models/seq2seq/layers.h"

#include "core/check.h"

namespace fovea {
namespace {

SelfAttention self_attention(Device& device, const LayerWeights& w, int64_t heads, const LayerMaking& how) {
  std::optional<RelativePositions> relative;
  if (w.relative) {
    const int64_t rows = 2 * w.relative->reach + 1, head_dim = int64_t(w.relative->table.size()) / (2 * rows);
    FOVEA_CHECK(head_dim * heads == w.out.in, "seq2seq: relative positions of ", head_dim, " for ", heads,
                " heads of width ", w.out.in);
    relative = RelativePositions{State(device, {2, rows, head_dim}), how.distances};
    relative->table.write(w.relative->table);
  }
  return SelfAttention(make_linear(device, w.qkv, how.use), make_linear(device, w.out, how.use), heads,
                       std::move(relative));
}

FeedForward feed_forward(Device& device, const LayerWeights& w, Activation activation, Use use) {
  return FeedForward(make_linear(device, w.up, use), make_linear(device, w.down, use), activation);
}

}  // namespace

Linear make_linear(Device& device, const LinearWeights& w, Use use) {
  return Linear(device, w.out, w.in, w.weight, w.bias, use);
}

LayerNorm make_norm(Device& device, const NormWeights& w, float eps) {
  return LayerNorm(device, w.gain, w.shift, eps);
}

std::optional<LayerNorm> make_norm_if(Device& device, const std::optional<NormWeights>& w, float eps) {
  if (!w) return std::nullopt;
  return make_norm(device, *w, eps);
}

EncoderLayer make_encoder_layer(Device& device, const LayerWeights& w, const Seq2SeqConfig& config,
                                const LayerMaking& how) {
  return EncoderLayer(make_norm(device, w.attention_norm, config.eps),
                      self_attention(device, w, config.encoder_heads, how),
                      make_norm(device, w.feed_forward_norm, config.eps),
                      feed_forward(device, w, config.activation, how.use), config.place);
}

DecoderLayer make_decoder_layer(Device& device, const LayerWeights& w, const Seq2SeqConfig& config,
                                const LayerMaking& how) {
  FOVEA_CHECK(w.cross, "seq2seq: a decoder layer without attention to the encoder");
  const LayerWeights::Cross& cross = *w.cross;
  return DecoderLayer(
      {make_norm(device, w.attention_norm, config.eps), make_norm(device, cross.norm, config.eps),
       make_norm(device, w.feed_forward_norm, config.eps)},
      self_attention(device, w, config.decoder_heads, how),
      CrossAttention(make_linear(device, cross.q, how.use), make_linear(device, cross.kv, how.use),
                     make_linear(device, cross.out, how.use), config.decoder_heads),
      feed_forward(device, w, config.activation, how.use), config.place);
}

}  // namespace fovea
