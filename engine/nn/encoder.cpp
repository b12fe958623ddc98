#include "core/check.h"
#include "fovea/nn.hpp"

namespace fovea {

SelfAttention::SelfAttention(Linear qkv, Linear out, int64_t heads)
    : qkv_(std::move(qkv)), out_(std::move(out)), heads_(heads) {}

SelfAttention::Result SelfAttention::operator()(Tensor x, Tensor residual, bool weights,
                                                const AttentionOptions& options) const {
  const int64_t batch = x.shape()[0], tokens = x.shape()[1], width = x.shape()[2];
  FOVEA_CHECK(width % heads_ == 0, "self-attention: width ", width, " is no multiple of ", heads_, " heads");
  const Tensor qkv = qkv_(x);  // (batch, tokens, 3 width)
  const auto split_heads = [&](int64_t part) {
    Tensor columns = slice(qkv, -1, part * width, width);  // (batch, tokens, width)
    return permute(reshape(columns, {batch, tokens, heads_, width / heads_}), {0, 2, 1, 3});
  };
  const Tensor q = split_heads(0), k = split_heads(1),
               v = split_heads(2);  // (batch, heads, tokens, head_dim)
  const Attention attended = attention(q, k, v, options);
  const Tensor merged =
      reshape(permute(attended.out, {0, 2, 1, 3}), x.shape());  // (batch, tokens, width), a view
  Result result{.out = out_(merged, {.residual = residual}), .weights = {}};
  if (weights) result.weights = attention_weights(q, k, attended.lse, {}, options);
  return result;
}

FeedForward::FeedForward(Linear up, Linear down, Activation activation)
    : up_(std::move(up)), down_(std::move(down)), activation_(activation) {}

Tensor FeedForward::operator()(Tensor x, Tensor residual) const {
  return down_(up_(x, {.activation = activation_}), {.residual = residual});
}

EncoderLayer::EncoderLayer(LayerNorm before_attention, SelfAttention attention, LayerNorm before_feed_forward,
                           FeedForward feed_forward)
    : before_attention_(std::move(before_attention)),
      attention_(std::move(attention)),
      before_feed_forward_(std::move(before_feed_forward)),
      feed_forward_(std::move(feed_forward)) {}

SelfAttention::Result EncoderLayer::operator()(Tensor x, bool weights) const {
  SelfAttention::Result attended = attention_(before_attention_(x), x, weights);
  const Tensor h = attended.out;  // (batch, tokens, width)
  attended.out = feed_forward_(before_feed_forward_(h), h);
  return attended;
}

}  // namespace fovea
