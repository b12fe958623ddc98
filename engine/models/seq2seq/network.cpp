#include "models/seq2seq/network.h"

#include <algorithm>

#include "core/check.h"

namespace fovea {
namespace {

std::optional<State> load_distances(Device& device, const Seq2SeqConfig& config) {
  if (config.reach == 0) return std::nullopt;
  return relative_distances(device, config.positions, config.reach);
}

LayerSource with_distances(LayerSource from, const std::optional<State>& distances) {
  from.distances = distances ? &*distances : nullptr;
  return from;
}

std::string tokens_name(const std::string& side, const Seq2SeqConfig::Side& config) {
  return config.own_tokens ? concat("model.", side, ".embed_tokens.weight") : "model.shared.weight";
}

// For inference the rows are scaled once, for training whenever they are read.
State load_tokens(const LayerSource& from, const std::string& side, const Seq2SeqConfig::Side& config) {
  TensorSource::Host table = from.tensors.read(tokens_name(side, config));
  if (from.use == Use::inference)
    for (float& value : table.values) value *= config.scale;
  State state(from.device, table.shape);
  state.write(table.values);
  return state;
}

std::optional<State> load_positions(const LayerSource& from, const std::string& side,
                                    const Seq2SeqConfig& config, int64_t learned) {
  if (config.reach > 0) return std::nullopt;
  std::vector<float> rows;
  if (learned > 0) {
    rows = from.tensors.read(concat("model.", side, ".embed_positions.weight")).values;
    rows.erase(rows.begin(), rows.begin() + config.skipped * config.width);
  } else {
    rows = sinusoids(config.positions, config.width, config.sinusoids);
  }
  State state(from.device, {int64_t(rows.size()) / config.width, config.width});
  state.write(rows);
  return state;
}

// shared: the other side's, whose tables it takes where they are the same.
Embedding load_embedding(const LayerSource& from, const std::string& side, const Seq2SeqConfig& config,
                         const Embedding* shared) {
  const Seq2SeqConfig::Side& own = side == "encoder" ? config.encoder : config.decoder;
  const bool same = shared && !own.own_tokens;
  std::optional<LayerNorm> norm;
  if (own.embedding_norm) norm = make_norm(from, concat("model.", side, ".layernorm_embedding"));
  return Embedding(
      {.tokens = same ? State(shared->tokens(), 0, shared->tokens().shape()) : load_tokens(from, side, own),
       .scale = from.use == Use::training ? own.scale : 1,
       .positions = load_positions(from, side, config, own.learned),
       .learned_positions = from.use == Use::training && own.learned > 0,
       .norm = std::move(norm)});
}

std::optional<LayerNorm> load_last(const LayerSource& from, const std::string& side, bool exists) {
  if (!exists) return std::nullopt;
  return make_norm(from, concat("model.", side, ".layer_norm"));
}

LayerForm form_of(const Seq2SeqConfig& config, const Seq2SeqConfig::Side& side, bool cross) {
  return {.heads = side.heads, .activation = config.activation, .place = config.place, .cross = cross};
}

std::optional<Linear> load_projection(const LayerSource& from, const Seq2SeqConfig& config) {
  if (config.own_projection) return make_linear(from, "lm_head");
  if (from.use == Use::training) return std::nullopt;
  const TensorSource::Host weight = from.tensors.read(tokens_name("decoder", config.decoder));
  std::vector<float> bias;
  if (from.tensors.has("final_logits_bias")) bias = from.tensors.read("final_logits_bias").values;
  return Linear(from.device, weight.shape[0], weight.shape[1], weight.values, bias);
}

// Named as the table names them.
void embedding_parameters(Embedding& embedding, const std::string& side, const Seq2SeqConfig::Side& config,
                          Parameters& to) {
  const std::string tokens = tokens_name(side, config);
  Parameters own;
  embedding.parameters(tokens.substr(0, tokens.rfind('.')), own);
  for (Parameter& parameter : own) {
    if (parameter.name.ends_with(".positions"))
      parameter.name = concat("model.", side, ".embed_positions.weight");
    to.push_back(parameter);
  }
}

}  // namespace

Seq2SeqNetwork::Seq2SeqNetwork(const LayerSource& from, const Seq2SeqConfig& config)
    : config_(config),
      distances_(load_distances(from.device, config)),
      encoder_embedding_(load_embedding(from, "encoder", config, nullptr)),
      decoder_embedding_(
          load_embedding(from, "decoder", config, config.encoder.own_tokens ? nullptr : &encoder_embedding_)),
      encoder_(make_encoder_layers(with_distances(from, distances_), "model.encoder.layers",
                                   config.encoder.layers, form_of(config, config.encoder, false)),
               load_last(from, "encoder", config.encoder.last_norm)),
      decoder_(make_decoder_layers(with_distances(from, distances_), "model.decoder.layers",
                                   config.decoder.layers, form_of(config, config.decoder, true)),
               load_last(from, "decoder", config.decoder.last_norm)),
      projection_(load_projection(from, config)) {
  for (uint32_t id : {config.start, config.eos})
    FOVEA_CHECK(id < config.decoder.vocab, "seq2seq: start or end token ", id, " of a vocabulary of ",
                config.decoder.vocab);
  FOVEA_CHECK(config.pad < config.encoder.vocab, "seq2seq: padding token ", config.pad,
              " of a vocabulary of ", config.encoder.vocab);
  if (!projection_) bias_ = make_state(from, "final_logits_bias", {config.decoder.vocab});
}

Seq2SeqNetwork load_network(Device& device, const Seq2SeqFile& file, Use use, const LoadOptions& load) {
  const TensorTable table = seq2seq_table(file.config, file.format);
  const TensorSource tensors(table, *file.tensors, load);
  return Seq2SeqNetwork({.device = device,
                         .tensors = tensors,
                         .use = use,
                         .eps = file.config.eps,
                         .additive = file.config.additive},
                        file.config);
}

Encoder::Result Seq2SeqNetwork::encode(Tensor ids, const LayerOptions& options) const {
  const Tensor x = options.dropout(encoder_embedding_(ids));  // (batch, keys, width)
  return encoder_(x, {.layers = options});
}

Tensor Seq2SeqNetwork::logits(Tensor x) const {
  if (projection_) return (*projection_)(x);
  Graph& graph = *x.graph;
  const Tensor table = graph.use(decoder_embedding_.tokens(), "model.shared.weight");
  return matmul(x, transpose(table), {.bias = graph.use(*bias_, "final_logits_bias")});
}

Seq2SeqNetwork::Decoded Seq2SeqNetwork::decode(Tensor ids, Tensor encoded,
                                               const LayerOptions& options) const {
  const Tensor x = options.dropout(decoder_embedding_(ids));  // (batch, tokens, width)
  DecoderStack::Result made = decoder_(x, encoded, options);
  return {logits(made.out), std::move(made.weights), std::move(made.self_weights)};
}

Parameters Seq2SeqNetwork::parameters() {
  Parameters all;
  embedding_parameters(encoder_embedding_, "encoder", config_.encoder, all);
  if (config_.decoder.own_tokens) embedding_parameters(decoder_embedding_, "decoder", config_.decoder, all);
  encoder_.parameters("model.encoder.layers", all, "model.encoder.layer_norm");
  decoder_.parameters("model.decoder.layers", all, "model.decoder.layer_norm");
  if (projection_) projection_->parameters("lm_head", all);
  return all;
}

Parameters Seq2SeqNetwork::tensors() {
  Parameters all = parameters();
  if (bias_) all.push_back({"final_logits_bias", &*bias_});
  return all;
}

DecoderFacts Seq2SeqNetwork::facts() const {
  int64_t heads = config_.decoder.heads;  // that every layer has
  for (int64_t layer = 0; layer < decoder_.depth(); ++layer)
    heads = std::min(heads, heads_of(config_, "decoder", layer, true));
  return {.vocab = config_.decoder.vocab,
          .positions = config_.positions,
          .depth = decoder_.depth(),
          .heads = heads,
          .start = config_.start,
          .eos = config_.eos,
          .pad = config_.pad,
          .takes_places = decoder_.takes_places(),
          .encodes = true};
}

DecoderMemory Seq2SeqNetwork::memory(Device& device, const StepState& search, int64_t keys) const {
  return decoder_.memory(device, search, keys);
}

void Seq2SeqNetwork::begin(Tensor ids, Tensor lengths, const StepState&, DecoderMemory& memory) const {
  decoder_.keep_encoded(encode(ids, {.attention = {.lengths = lengths}}).out, lengths, memory);
}

Decoder::Next Seq2SeqNetwork::step(Graph& graph, const StepState& search, DecoderMemory& memory,
                                   int64_t weights_of) const {
  const StepTokens reads = step_tokens(graph, search);
  const Tensor x = decoder_embedding_.step(reads.tokens, reads.place);  // (rows, width)
  const DecoderStack::Result made = decoder_.step(x, search, memory, weights_of);
  return {.logits = logits(made.out), .weights = made.weights.empty() ? Tensor() : made.weights[0]};
}

}  // namespace fovea
