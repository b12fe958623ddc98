#include "core/check.h"
#include "nn/heads.h"
#include "nn/relative.h"
#include "ops/attention_step.h"

namespace fovea {
namespace {

// K and V of qkv (batch, tokens, 3 width) into the cache (2, rows, steps, width), of each sequence into the
// first of its rows; zeros elsewhere.
void keep(Tensor qkv, State& cache) {
  const Shape to = cache.shape();
  const int64_t batch = qkv.shape()[0], tokens = qkv.shape()[1], width = to[3], beams = to[1] / batch;
  FOVEA_CHECK(to[1] == batch * beams && tokens <= to[2], "attention: ", batch, " sequences of ", tokens,
              " tokens into a cache ", to);
  const Tensor kv = reshape(slice(qkv, -1, width, 2 * width), {batch, tokens, 2, width});
  const Tensor steps = pad(permute(kv, {2, 0, 1, 3}), 2, 0, to[2] - tokens);  // (2, batch, steps, width)
  const Tensor rows = pad(reshape(steps, {2, batch, 1, to[2], width}), 2, 0, beams - 1);
  assign(cache, reshape(rows, to));
}

}  // namespace

SelfAttention::SelfAttention(Linear qkv, Linear out, int64_t heads, std::optional<RelativePositions> relative)
    : qkv_(std::move(qkv)), out_(std::move(out)), heads_(heads), relative_(std::move(relative)) {}

SelfAttention::Result SelfAttention::operator()(Tensor x, Tensor residual, const LayerOptions& given) const {
  AttentionOptions options = given.attention;
  const Tensor qkv = qkv_(x);  // (batch, tokens, 3 width)
  if (given.cache) keep(qkv, *given.cache);
  const Tensor q = split_heads(qkv, 0, 3, heads_), k = split_heads(qkv, 1, 3, heads_),
               v = split_heads(qkv, 2, 3, heads_);  // (batch, heads, tokens, head_dim)
  if (relative_) options.bias = relative_scores(q, *relative_);
  const Attention attended = attention(q, k, v, options);
  Result result;
  if (given.weights || relative_) result.weights = attention_weights(q, k, attended.lse, {}, options);
  Tensor out = attended.out;  // (batch, heads, tokens, head_dim)
  if (relative_) out = add(out, relative_values(result.weights, *relative_));
  result.out = added(out_, merge_heads(out), residual, given.dropout);
  return result;
}

void SelfAttention::parameters(const std::string& name, Parameters& to) {
  FOVEA_CHECK(!relative_, "parameters: relative positions of ", name, " cannot be trained yet");
  qkv_.parameters(name + ".qkv", to);
  out_.parameters(name + ".out", to);
}

Tensor SelfAttention::step(Tensor x, Tensor residual, State& cache, const StepState& search) const {
  return out_(attention_step(qkv_(x), search, cache, heads_, relative_ ? &relative_->table : nullptr).out,
              {.residual = residual});
}

EncoderLayer::EncoderLayer(LayerNorm attention_norm, SelfAttention attention, LayerNorm feed_forward_norm,
                           FeedForward feed_forward, NormPlace place)
    : attention_norm_(std::move(attention_norm)),
      attention_(std::move(attention)),
      feed_forward_norm_(std::move(feed_forward_norm)),
      feed_forward_(std::move(feed_forward)),
      place_(place) {}

SelfAttention::Result EncoderLayer::operator()(Tensor x, const LayerOptions& options) const {
  SelfAttention::Result result;
  const Tensor h = normalised(place_, attention_norm_, x, [&](Tensor y) {
    result = attention_(y, x, options);
    return result.out;
  });
  result.out = normalised(place_, feed_forward_norm_, h,
                          [&](Tensor y) { return feed_forward_(y, h, options.dropout); });
  return result;
}

void EncoderLayer::parameters(const std::string& name, Parameters& to) {
  attention_norm_.parameters(name + ".attention_norm", to);
  attention_.parameters(name + ".attention", to);
  feed_forward_norm_.parameters(name + ".feed_forward_norm", to);
  feed_forward_.parameters(name + ".feed_forward", to);
}

Encoder::Encoder(std::vector<EncoderLayer> layers, std::optional<LayerNorm> last)
    : layers_(std::move(layers)), last_(std::move(last)) {}

Encoder::Result Encoder::operator()(Tensor x, const EncoderOptions& options) const {
  Result result;
  if (options.hidden_states) result.hidden_states.push_back(x);
  for (const EncoderLayer& layer : layers_) {
    const SelfAttention::Result made = layer(x, options.layers);
    x = made.out;  // (batch, tokens, width)
    if (options.hidden_states) result.hidden_states.push_back(x);
    if (options.layers.weights) result.weights.push_back(made.weights);
  }
  result.out = last_ ? (*last_)(x) : x;
  return result;
}

void Encoder::parameters(const std::string& name, Parameters& to, const std::string& last) {
  for (size_t i = 0; i < layers_.size(); ++i) layers_[i].parameters(concat(name, ".", i), to);
  FOVEA_CHECK(!last_ || !last.empty(), "parameters: the last normalisation of ", name, " has no name");
  if (last_) last_->parameters(last, to);
}

}  // namespace fovea
