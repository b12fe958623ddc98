#include "core/check.h"
#include "nn/heads.h"
#include "nn/relative.h"
#include "ops/attention_step.h"

namespace fovea {
namespace {

// qkv (batch, tokens, 3 inner) with its queries and keys turned by their places.
Tensor turned(Tensor qkv, const AttentionHeads& heads, const RotaryOptions& places) {
  const Shape s = qkv.shape();
  const int64_t inner = s[2] / 3, both = 2 * heads.count;
  const Tensor rows = reshape(slice(qkv, -1, 0, 2 * inner), {s[0], s[1], both, 2 * inner / both});
  const Tensor made = rotary(permute(rows, {0, 2, 1, 3}), places);  // (batch, 2 heads, tokens, head_dim)
  return concat(
      {reshape(permute(made, {0, 2, 1, 3}), {s[0], s[1], 2 * inner}), slice(qkv, -1, 2 * inner, inner)}, -1);
}

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

SelfAttention::SelfAttention(Linear qkv, std::optional<Linear> out, AttentionHeads heads)
    : qkv_(std::move(qkv)), out_(std::move(out)), heads_(std::move(heads)) {}

SelfAttention::Result SelfAttention::operator()(Tensor x, Tensor residual,
                                                const LayerOptions& options) const {
  Tensor qkv = qkv_(x);  // (batch, tokens, 3 inner)
  if (heads_.rotary) qkv = turned(qkv, heads_, {});
  if (options.cache) keep(qkv, *options.cache);
  const auto part = [&](int64_t which) { return split_heads(qkv, which, 3, heads_.count); };
  const Tensor q = part(0), k = part(1), v = part(2);  // (batch, heads, tokens, head_dim)
  Result result = attend_heads(heads_, {q, k, v}, options);
  result.out = added(out_, result.out, residual, options.dropout);
  return result;
}

void SelfAttention::parameters(const std::string& name, Parameters& to) {
  qkv_.parameters(name + ".qkv", to);
  if (out_) out_->parameters(name + ".out", to);
  heads_.parameters(name, to);
}

Tensor SelfAttention::step(Tensor x, Tensor residual, State& cache, const StepState& search) const {
  Tensor qkv = qkv_(x);  // (rows, 3 inner)
  if (heads_.rotary) {
    const Tensor step = slice(x.graph->use(search.control, "control"), 0, kStepWord, 1);
    const Shape shape = qkv.shape(), one_token{shape[0], 1, shape[1]};
    qkv = turned(reshape(qkv, one_token), heads_, {.step = step, .steps = search.params.steps});
    qkv = reshape(qkv, shape);
  }
  const AttentionStep attended = attention_step(qkv, search, cache, step_heads(heads_));
  return added(out_, attended.out, residual, {});
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
  LayerOptions of_layer = options.layers;
  for (size_t i = 0; i < layers_.size(); ++i) {
    of_layer.head_mask = row_of_mask(options.layers.head_mask, int64_t(i));
    const SelfAttention::Result made = layers_[i](x, of_layer);
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
