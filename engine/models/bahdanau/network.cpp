#include "models/bahdanau/network.h"

#include <cmath>

#include "core/check.h"
#include "decode/search.h"

namespace fovea {
namespace {

RnnConfig encoder_config(const BahdanauConfig& c) {
  return {.cell = c.cell, .in = c.embedding, .width = c.width, .layers = c.layers};
}
// It reads the context, then the embedded token.
RnnConfig decoder_config(const BahdanauConfig& c) {
  return {.cell = c.cell, .in = c.width + c.embedding, .width = c.width, .layers = c.layers};
}

std::unique_ptr<Score> make_score(const LayerSource& from, const BahdanauConfig& c) {
  switch (c.score) {
    case BahdanauScore::dot:
      return std::make_unique<DotScore>(false);
    case BahdanauScore::scaled:
      return std::make_unique<DotScore>(true);
    case BahdanauScore::bilinear:
      return std::make_unique<BilinearScore>(make_unbiased_linear(from, "score.keys"));
    case BahdanauScore::additive:
      break;
  }
  return std::make_unique<AdditiveScore>(make_unbiased_linear(from, "score.queries"),
                                         make_unbiased_linear(from, "score.keys"),
                                         make_state(from, "score.w"));
}

void add_matrix(TensorTable& table, const std::string& name, int64_t out, int64_t in) {
  table.add({.name = name, .in_file = name, .shape = {out, in}, .beginning = {Beginning::Kind::glorot}});
}

// (steps, batch, embedding) of ids (batch, steps)
Tensor embedded(const State& table, Tensor ids) {
  return embedding(ids.graph->use(table, "embedding"), transpose(ids));
}

}  // namespace

TensorTable bahdanau_table(const BahdanauConfig& c) {
  TensorTable table;
  const auto tokens = [&](const char* name, int64_t vocab) {
    table.add({.name = name,
               .in_file = name,
               .shape = {vocab, c.embedding},
               .beginning = {Beginning::Kind::normal, 1}});
  };
  tokens("encoder.embedding.weight", c.source_vocab);
  add_rnn(table, "encoder.rnn", encoder_config(c), Beginning::Kind::glorot);
  tokens("decoder.embedding.weight", c.target_vocab);
  if (c.score == BahdanauScore::additive) add_matrix(table, "score.queries.weight", c.width, c.width);
  if (c.score == BahdanauScore::additive || c.score == BahdanauScore::bilinear)
    add_matrix(table, "score.keys.weight", c.width, c.width);
  if (c.score == BahdanauScore::additive)
    table.add({.name = "score.w",
               .in_file = "score.w",
               .shape = {c.width},
               .beginning = {Beginning::Kind::uniform, std::sqrt(6.0 / double(c.width + 1))}});
  add_rnn(table, "decoder.rnn", decoder_config(c), Beginning::Kind::glorot);
  add_matrix(table, "decoder.out.weight", c.target_vocab, c.width);
  table.add({.name = "decoder.out.bias",
             .in_file = "decoder.out.bias",
             .shape = {c.target_vocab},
             .beginning = {Beginning::Kind::uniform, 1 / std::sqrt(double(c.width))}});
  return table;
}

BahdanauNetwork::BahdanauNetwork(const LayerSource& from, const BahdanauConfig& c)
    : config_(c),
      use_(from.use),
      source_(make_state(from, "encoder.embedding.weight", {c.source_vocab, c.embedding})),
      target_(make_state(from, "decoder.embedding.weight", {c.target_vocab, c.embedding})),
      encoder_(make_rnn(from, "encoder.rnn", encoder_config(c))),
      decoder_(make_rnn(from, "decoder.rnn", decoder_config(c))),
      score_(make_score(from, c)),
      out_(make_linear(from, "decoder.out")) {}

Bahdanau::Encoded BahdanauNetwork::encode(Tensor ids, Tensor lengths, const Dropout& dropout) const {
  FOVEA_CHECK(ids.shape().rank() == 2, "bahdanau: a source ", ids.shape(), " is not (batch, keys)");
  const Rnn::Result made = encoder_(embedded(source_, ids), {.lengths = lengths, .dropout = dropout});
  return {.out = permute(made.out, {1, 0, 2}), .state = made.state};  // (batch, keys, width)
}

Bahdanau::Result BahdanauNetwork::decode(const Bahdanau::Encoded& encoded, Tensor lengths, Tensor inputs,
                                         const Bahdanau::Options& options) const {
  FOVEA_CHECK(inputs.shape().rank() == 2, "bahdanau: inputs ", inputs.shape(), " are not (batch, steps)");
  const int64_t batch = inputs.shape()[0], steps = inputs.shape()[1], width = config_.width;
  const Tensor values = contiguous(encoded.out), memory = score_->memory(values);  // (batch, keys, ..)
  // For training what all tokens add to the gates is one product: (steps, batch, ..)
  const bool apart = use_ == Use::training;
  Tensor tokens = embedded(target_, inputs);
  const int64_t rear = tokens.shape()[2];
  if (apart) tokens = decoder_.rear_gates(tokens).gates;
  const AttendOptions how{.score = *score_,
                          .normaliser = {.lengths = lengths},
                          .weights = options.weights,
                          .memory = true,
                          .dropout = options.dropout};
  Bahdanau::Result made{.logits = {}, .weights = {}, .state = encoded.state};
  std::vector<Tensor> outs, weights;
  for (int64_t t = 0; t < steps; ++t) {
    const Tensor query = reshape(made.state.h.back(), {batch, 1, width});
    const Attended attended = attend(query, memory, values, how);
    const Tensor context = reshape(attended.out, {batch, width});
    const Tensor token = reshape(slice(tokens, 0, t, 1), {batch, tokens.shape()[2]});
    const Rnn::Result step = apart ? decoder_.step(context, {token, rear}, made.state, options.dropout)
                                   : decoder_.step(concat({context, token}, 1), made.state, options.dropout);
    outs.push_back(reshape(step.out, {batch, 1, width}));
    if (options.weights) weights.push_back(attended.weights);
    made.state = step.state;
  }
  made.logits = out_(concat(outs, 1));
  if (options.weights) made.weights = concat(weights, 1);
  return made;
}

Parameters BahdanauNetwork::parameters() {
  Parameters all;
  all.push_back({"encoder.embedding.weight", &source_});
  encoder_.parameters("encoder.rnn", all);
  all.push_back({"decoder.embedding.weight", &target_});
  score_->parameters("score", all);
  decoder_.parameters("decoder.rnn", all);
  out_.parameters("decoder.out", all);
  return all;
}

DecoderFacts BahdanauNetwork::facts() const {
  return {.vocab = config_.target_vocab,
          .positions = config_.positions,
          .depth = 1,
          .heads = 1,
          .start = config_.start,
          .eos = config_.end,
          .pad = config_.pad,
          .encodes = true};
}

// encoded: what the score makes of the encoder's outputs, then these themselves; recurrent: h, then c.
DecoderMemory BahdanauNetwork::memory(Device& device, const StepState& search, int64_t keys) const {
  const int64_t batch = search.params.batch, width = config_.width;
  DecoderMemory made;
  for (int part = 0; part < 2; ++part) made.encoded.emplace_back(device, Shape{batch, keys, width});
  const int64_t states = config_.layers * (config_.cell == Cell::lstm ? 2 : 1);
  for (int64_t i = 0; i < states; ++i) made.recurrent.emplace_back(device, Shape{search.rows(), width});
  made.lengths.emplace(device, Shape{batch}, DType::u32);
  return made;
}

void BahdanauNetwork::begin(Tensor ids, Tensor lengths, const StepState& search,
                            DecoderMemory& memory) const {
  const int64_t batch = search.params.batch, beams = search.params.beams, width = config_.width;
  const Bahdanau::Encoded encoded = encode(ids, lengths, {});
  assign(memory.encoded[0], score_->memory(encoded.out));
  assign(memory.encoded[1], encoded.out);
  std::vector<Tensor> states = encoded.state.h;
  states.insert(states.end(), encoded.state.c.begin(), encoded.state.c.end());
  for (size_t i = 0; i < states.size(); ++i) {  // all beams of a source begin alike
    const Tensor rows = expand(reshape(states[i], {batch, 1, width}), {batch, beams, width});
    assign(memory.recurrent[i], reshape(contiguous(rows), {search.rows(), width}));
  }
  assign(*memory.lengths, lengths);
}

Decoder::Next BahdanauNetwork::step(Graph& graph, const StepState& search, DecoderMemory& memory,
                                    int64_t weights_of) const {
  const int64_t batch = search.params.batch, beams = search.params.beams, width = config_.width;
  RnnState state;
  for (size_t i = 0; i < memory.recurrent.size(); ++i) {
    const Tensor followed = origin_rows(graph.use(memory.recurrent[i], "recurrent"), search);
    (int64_t(i) < config_.layers ? state.h : state.c).push_back(followed);  // (rows, width)
  }
  // The beams of a source are queries to the same keys.
  const Tensor query = reshape(state.h.back(), {batch, beams, width});
  const Attended context =
      attend(query, graph.use(memory.encoded[0], "memory"), graph.use(memory.encoded[1], "values"),
             {.score = *score_,
              .normaliser = {.lengths = graph.use(*memory.lengths, "lengths")},
              .weights = weights_of >= 0,
              .memory = true});
  const Tensor token =
      embedding(graph.use(target_, "embedding"), step_tokens(graph, search).tokens);  // (rows, embedding)
  const Rnn::Result made =
      decoder_.step(concat({reshape(context.out, {search.rows(), width}), token}, 1), state);
  for (int64_t i = 0; i < config_.layers; ++i) {
    assign(memory.recurrent[size_t(i)], made.state.h[size_t(i)]);
    if (config_.cell == Cell::lstm)
      assign(memory.recurrent[size_t(config_.layers + i)], made.state.c[size_t(i)]);
  }
  Next next{.logits = out_(made.out), .weights = {}};
  if (weights_of >= 0)
    next.weights = reshape(context.weights, {search.rows(), 1, memory.encoded[0].shape()[1]});
  return next;
}

}  // namespace fovea
