#include "models/layers.h"

#include "core/check.h"
#include "core/random.h"
#include "ops/attention.h"

namespace fovea {

void check_heads(const std::string& where, const Setting& width, const Setting& heads) {
  FOVEA_CHECK(heads.value >= 1 && width.value % heads.value == 0, where, ": ", width.key, " ", width.value,
              " is no multiple of ", heads.key, " ", heads.value);
  const int64_t head_dim = width.value / heads.value;
  FOVEA_CHECK(has_attention(head_dim), where, ": ", width.key, " ", width.value, " for ", heads.key, " ",
              heads.value, " is ", head_dim, " each, known are multiples of 4 up to 256");
}

State make_state(const LayerSource& from, const std::string& name, const std::vector<int64_t>& extents) {
  const TensorSource::Host host = from.tensors.read(name);
  State state(from.device, extents.empty() ? host.shape : Shape(extents));
  state.write(host.values);
  return state;
}

// All axes but the first are columns: a convolution whose stride is its size is a product with the flattened
// kernel.
Linear make_linear(const LayerSource& from, const std::string& name) {
  const TensorSource::Host weight = from.tensors.read(name + ".weight");
  std::vector<float> bias;
  if (from.tensors.has(name + ".bias")) bias = from.tensors.read(name + ".bias").values;
  const int64_t out = weight.shape[0];
  return Linear(from.device, out, int64_t(weight.values.size()) / out, weight.values, bias, from.use);
}

Linear make_unbiased_linear(const LayerSource& from, const std::string& name) {
  const TensorSource::Host weight = from.tensors.read(name + ".weight");
  return Linear(from.device, weight.shape[0], weight.shape[1], weight.values, {}, from.use);
}

LayerNorm make_norm(const LayerSource& from, const std::string& name) {
  return LayerNorm{from.device, from.tensors.read(name + ".weight").values,
                   from.tensors.read(name + ".bias").values, from.eps};
}

namespace {

// Those of the attention called `name`: `heads` of a whole width, fewer where some were pruned.
AttentionHeads make_heads(const LayerSource& from, const std::string& name, int64_t heads,
                          const Linear& out) {
  AttentionHeads made(out.in() / (out.out() / heads));
  if (from.additive) made.additive = make_state(from, name + ".additive");
  return made;
}

}  // namespace

// Braces below: read in this order, so that the first tensor that does not fit is the one named.
SelfAttention make_self_attention(const LayerSource& from, const std::string& name, int64_t heads) {
  std::optional<RelativePositions> relative;
  if (from.distances && from.tensors.has(name + ".relative")) {
    const TensorSource::Host table = from.tensors.read(name + ".relative");  // rows for keys, then for values
    relative = RelativePositions{State(from.device, {2, table.shape[0] / 2, table.shape[1]}), from.distances};
    relative->table.write(table.values);
  }
  Linear qkv = make_linear(from, name + ".qkv"), out = make_linear(from, name + ".out");
  AttentionHeads made = make_heads(from, name, heads, out);
  made.relative = std::move(relative);
  return SelfAttention(std::move(qkv), std::move(out), std::move(made));
}

FeedForward make_feed_forward(const LayerSource& from, const std::string& name, Activation activation) {
  return FeedForward{make_linear(from, name + ".up"), make_linear(from, name + ".down"), activation};
}

Rnn make_rnn(const LayerSource& from, const std::string& name, const RnnConfig& config) {
  std::vector<Rnn::Weights> weights;
  for (int64_t i = 0; i < config.layers * config.directions(); ++i) {
    const auto read = [&](const char* part) {
      return from.tensors.read(concat(name, ".", part, rnn_suffix(config, i))).values;
    };
    weights.push_back({.input = read("weight_ih"),
                       .hidden = read("weight_hh"),
                       .input_bias = read("bias_ih"),
                       .hidden_bias = read("bias_hh")});
  }
  return Rnn(from.device, config, weights, from.use);
}

void add_rnn(TensorTable& table, const std::string& name, const RnnConfig& config, Beginning::Kind matrices) {
  const Beginning uniform{Beginning::Kind::uniform, fan_in_limit(config.width)};
  const int64_t gates = gates_of(config.cell) * config.width;
  for (int64_t i = 0; i < config.layers * config.directions(); ++i) {
    const auto add = [&](const char* part, const std::vector<int64_t>& shape, const Beginning& beginning) {
      const std::string own = concat(name, ".", part, rnn_suffix(config, i));
      table.add({.name = own, .in_file = own, .shape = shape, .beginning = beginning});
    };
    add("weight_ih", {gates, config.in_of(i / config.directions())}, {matrices, uniform.value});
    add("weight_hh", {gates, config.width}, {matrices, uniform.value});
    add("bias_ih", {gates}, uniform);
    add("bias_hh", {gates}, uniform);
  }
}

EncoderLayer make_encoder_layer(const LayerSource& from, const std::string& name, const LayerForm& form) {
  return EncoderLayer{make_norm(from, name + ".attention_norm"),
                      make_self_attention(from, name + ".attention", form.heads),
                      make_norm(from, name + ".feed_forward_norm"),
                      make_feed_forward(from, name + ".feed_forward", form.activation), form.place};
}

std::vector<EncoderLayer> make_encoder_layers(const LayerSource& from, const std::string& name, int64_t depth,
                                              const LayerForm& form) {
  std::vector<EncoderLayer> layers;
  for (int64_t i = 0; i < depth; ++i) layers.push_back(make_encoder_layer(from, concat(name, ".", i), form));
  return layers;
}

DecoderLayer make_decoder_layer(const LayerSource& from, const std::string& name, const LayerForm& form) {
  const auto linear = [&](const char* part) { return make_linear(from, concat(name, ".cross.", part)); };
  std::optional<LayerNorm> norm;
  std::optional<CrossAttention> cross;
  LayerNorm attention_norm = make_norm(from, name + ".attention_norm");
  SelfAttention attention = make_self_attention(from, name + ".attention", form.heads);
  if (form.cross) {
    norm = make_norm(from, name + ".cross_norm");
    Linear q = linear("q"), kv = linear("kv"), out = linear("out");
    AttentionHeads heads = make_heads(from, name + ".cross", form.heads, out);
    cross = CrossAttention(std::move(q), std::move(kv), std::move(out), std::move(heads));
  }
  return DecoderLayer(from.device,
                      {std::move(attention_norm), std::move(attention), std::move(norm), std::move(cross),
                       make_norm(from, name + ".feed_forward_norm"),
                       make_feed_forward(from, name + ".feed_forward", form.activation), form.place});
}

std::vector<DecoderLayer> make_decoder_layers(const LayerSource& from, const std::string& name, int64_t depth,
                                              const LayerForm& form) {
  std::vector<DecoderLayer> layers;
  for (int64_t i = 0; i < depth; ++i) layers.push_back(make_decoder_layer(from, concat(name, ".", i), form));
  return layers;
}

}  // namespace fovea
