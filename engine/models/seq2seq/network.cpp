#include "models/seq2seq/network.h"

#include "core/check.h"
#include "core/panels.h"
#include "models/seq2seq/layers.h"

namespace fovea {
namespace {

// Of the model's one reach.
std::optional<State> distances_of(Device& device, const Seq2SeqWeights& w) {
  std::optional<int64_t> reach;
  for (const StackWeights* stack : {&w.encoder, &w.decoder})
    for (const LayerWeights& layer : stack->layers) {
      if (!layer.relative) continue;
      FOVEA_CHECK(!reach || *reach == layer.relative->reach, "seq2seq: relative positions that reach ",
                  *reach, " and ", layer.relative->reach);
      reach = layer.relative->reach;
    }
  if (!reach) return std::nullopt;
  return relative_distances(device, w.config.positions, *reach);
}

// In the order that decoder_layer_step reads.
DecoderLayerState fused_layer(Device& device, const LayerWeights& w, const Seq2SeqConfig& config) {
  std::vector<float> all;
  const auto append = [&all](const std::vector<float>& values) {
    all.insert(all.end(), values.begin(), values.end());
  };
  const auto append_linear = [&](const LinearWeights& part) {
    append(pack_panels(part.weight, part.in, part.out, 1, part.in));
    append(part.bias.empty() ? std::vector<float>(size_t(part.out), 0.0f) : part.bias);
  };
  const auto append_part = [&](const NormWeights& norm_weights, const LinearWeights& first,
                               const LinearWeights& second) {
    append(norm_weights.gain);
    append(norm_weights.shift);
    append_linear(first);
    append_linear(second);
  };
  append_part(w.attention_norm, w.qkv, w.out);
  append_part(w.cross->norm, w.cross->q, w.cross->out);
  append_part(w.feed_forward_norm, w.up, w.down);
  DecoderLayerState made{State(device, {int64_t(all.size())}),
                         config.decoder_heads,
                         w.up.out,
                         config.activation,
                         config.place == NormPlace::before,
                         config.eps};
  made.weights.write(all);
  return made;
}

}  // namespace

Seq2SeqNetwork::Embeddings Seq2SeqNetwork::load_embeddings(Device& device, const StackWeights& weights,
                                                           int64_t vocab, int64_t width, float eps) {
  const int64_t positions = int64_t(weights.positions.size()) / width;
  Embeddings made{State(device, {vocab, width}), State(device, {positions, width}),
                  make_norm_if(device, weights.embedding_norm, eps)};
  made.table.write(weights.embedding);
  made.positions.write(weights.positions);
  return made;
}

Seq2SeqNetwork::Seq2SeqNetwork(Device& device, Seq2SeqWeights w)
    : config_(w.config),
      distances_(distances_of(device, w)),
      encoder_embeddings_(
          load_embeddings(device, w.encoder, config_.source_vocab, config_.width, config_.eps)),
      decoder_embeddings_(
          load_embeddings(device, w.decoder, config_.target_vocab, config_.width, config_.eps)),
      encoder_last_(make_norm_if(device, w.encoder.last, config_.eps)),
      decoder_last_(make_norm_if(device, w.decoder.last, config_.eps)),
      projection_(make_linear(device, w.projection)) {
  for (uint32_t id : {config_.start, config_.eos})
    FOVEA_CHECK(id < config_.target_vocab, "seq2seq: start or end token ", id, " of a vocabulary of ",
                config_.target_vocab);
  FOVEA_CHECK(config_.pad < config_.source_vocab, "seq2seq: padding token ", config_.pad,
              " of a vocabulary of ", config_.source_vocab);
  for (const LayerWeights& layer : w.encoder.layers)
    encoder_layers_.push_back(make_encoder_layer(device, layer, config_, {.distances = distances()}));
  for (const LayerWeights& layer : w.decoder.layers) {
    decoder_layers_.push_back(make_decoder_layer(device, layer, config_, {.distances = distances()}));
    if (!layer.relative && has_decoder_layer_step(device.info().limits, config_.width, layer.up.out))
      fused_.push_back(fused_layer(device, layer, config_));
  }
}

// positions: rows that are added to those of the tokens, one for each or one for all.
Tensor Seq2SeqNetwork::embed(const Embeddings& embeddings, Tensor ids, Tensor positions) const {
  const Tensor x = add(embedding(ids.graph->use(embeddings.table, "embedding"), ids), positions);
  return embeddings.norm ? (*embeddings.norm)(x) : x;
}

Tensor Seq2SeqNetwork::encode(Tensor ids, Tensor lengths) const {
  const Tensor table = ids.graph->use(encoder_embeddings_.positions, "positions");
  Tensor x = embed(encoder_embeddings_, ids, slice(table, 0, 0, ids.shape()[1]));  // (batch, keys, width)
  for (const EncoderLayer& layer : encoder_layers_) x = layer(x, {.attention = {.lengths = lengths}}).out;
  return encoder_last_ ? (*encoder_last_)(x) : x;
}

Tensor Seq2SeqNetwork::memory(Tensor encoded, int64_t layer) const {
  return decoder_layers_.at(size_t(layer)).cross().memory(encoded);
}

Seq2SeqNetwork::Decoded Seq2SeqNetwork::decode(Tensor ids, Tensor encoded, Tensor lengths,
                                               bool weights) const {
  const Tensor table = ids.graph->use(decoder_embeddings_.positions, "positions");
  Decoded made;
  Tensor x = embed(decoder_embeddings_, ids, slice(table, 0, 0, ids.shape()[1]));  // (batch, tokens, width)
  for (const DecoderLayer& layer : decoder_layers_) {
    const SelfAttention::Result result =
        layer(x, layer.cross().memory(encoded), {.weights = weights, .attention = {.lengths = lengths}});
    x = result.out;
    if (weights) made.cross.push_back(result.weights);
  }
  made.logits = projection_(decoder_last_ ? (*decoder_last_)(x) : x);
  return made;
}

Seq2SeqNetwork::Decoded Seq2SeqNetwork::step(Graph& graph, Search& search, std::vector<State>& caches,
                                             const std::vector<State>& memories, Tensor lengths,
                                             int64_t weights_of) const {
  const Tensor control = graph.use(search.control, "control");
  const Tensor step = slice(control, 0, 0, 1),
               tokens = slice(control, 0, search.params.tokens, search.rows());
  const Tensor table = graph.use(decoder_embeddings_.positions, "positions");
  Decoded made;
  Tensor x = embed(decoder_embeddings_, tokens, embedding(table, step));  // (rows, width)
  for (size_t i = 0; i < decoder_layers_.size(); ++i) {
    const bool weights = int64_t(i) == weights_of;
    const Tensor memory = graph.use(memories[i], "memory");
    if (!weights && fused_.size() == decoder_layers_.size()) {
      x = decoder_layer_step(x, search, fused_[i], caches[i], memory, lengths);
      continue;
    }
    const SelfAttention::Result result =
        decoder_layers_[i].step(x, caches[i], memory, lengths, search, weights);
    x = result.out;
    if (weights) made.cross.push_back(result.weights);
  }
  made.logits = projection_(decoder_last_ ? (*decoder_last_)(x) : x);
  return made;
}

}  // namespace fovea
