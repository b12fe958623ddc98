#include "fovea/transformer.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "io/config.h"
#include "io/safetensors.h"
#include "models/seq2seq/layers.h"
#include "models/seq2seq/transformer_file.h"

namespace fovea {

struct Transformer::Impl {
  Impl(Device& device, const std::string& directory, const Seq2SeqWeights& weights);
  Tensor embed(Tensor ids, const Dropout& dropout) const;

  TransformerConfig config;
  float scale;      // of embeddings
  State table;      // (vocab, width)
  State positions;  // (positions, width), fixed
  State shift;      // (vocab): final_logits_bias, fixed
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
};

namespace {

TransformerConfig read_config(const std::string& directory, const Seq2SeqWeights& weights) {
  const JsonFile file = JsonFile::load(std::filesystem::path(directory) / "config.json");
  const Seq2SeqConfig& c = weights.config;
  const std::string type = file.require_string("model_type");
  FOVEA_CHECK(type == "marian", file.file(), ": model_type ", type, ", training takes marian");
  FOVEA_CHECK(c.source_vocab == c.target_vocab, file.file(), ": vocabularies of ", c.source_vocab, " and ",
              c.target_vocab, " tokens, training takes one for both languages");
  FOVEA_CHECK(!weights.encoder.embedding_norm && !weights.encoder.layers.empty(), file.file(),
              ": training takes encoders of one layer or more, without normalize_embedding");
  FOVEA_CHECK(c.encoder_heads == c.decoder_heads, file.file(), ": ", c.encoder_heads,
              " heads in the encoder, ", c.decoder_heads, " in the decoder: training takes as many in both");
  FOVEA_CHECK(c.start == c.pad, file.file(), ": targets start with ", c.start,
              ", training takes those that start with pad, ", c.pad);
  const int64_t hidden = weights.encoder.layers[0].up.out;
  for (const LayerWeights& layer : weights.decoder.layers)
    FOVEA_CHECK(layer.up.out == hidden, file.file(), ": a feed-forward network of ", hidden,
                " in the encoder, of ", layer.up.out, " in the decoder: training takes one size for both");
  return {.vocab = c.target_vocab,
          .width = c.width,
          .heads = c.encoder_heads,
          .hidden = hidden,
          .encoder_layers = int64_t(weights.encoder.layers.size()),
          .decoder_layers = int64_t(weights.decoder.layers.size()),
          .positions = c.positions,
          .activation = c.activation,
          .eos = c.eos,
          .pad = c.pad,
          .beams = weights.decoding.beams};
}

}  // namespace

Transformer::Impl::Impl(Device& device, const std::string& directory, const Seq2SeqWeights& weights)
    : config(read_config(directory, weights)),
      scale(weights.config.embedding_scale),
      table(device, {config.vocab, config.width}),
      positions(device, {config.positions, config.width}),
      shift(device, {config.vocab}) {
  const SafeTensors file(std::filesystem::path(directory) / "model.safetensors");
  for (const char* own : {"model.encoder.embed_tokens.weight", "lm_head.weight"})
    FOVEA_CHECK(
        !file.has(own) || std::ranges::equal(file.info(own).bytes, file.info("model.shared.weight").bytes),
        directory, ": ", own, " differs from model.shared.weight: training takes one table for all");
  table.write(file.read_f32("model.shared.weight", {config.vocab, config.width}));
  positions.write(weights.encoder.positions);
  if (!weights.projection.bias.empty()) shift.write(weights.projection.bias);
  const LayerMaking how{.use = Use::training};
  for (const LayerWeights& layer : weights.encoder.layers)
    encoder.push_back(make_encoder_layer(device, layer, weights.config, how));
  for (const LayerWeights& layer : weights.decoder.layers)
    decoder.push_back(make_decoder_layer(device, layer, weights.config, how));
}

Tensor Transformer::Impl::embed(Tensor ids, const Dropout& dropout) const {
  Graph& graph = *ids.graph;
  const int64_t tokens = ids.shape()[1];
  FOVEA_CHECK(tokens <= config.positions, "transformer: ", tokens, " tokens, the model has ",
              config.positions, " positions");
  const Tensor rows = fovea::scale(embedding(graph.use(table, "model.shared.weight"), ids), scale);
  return dropout(add(rows, slice(graph.use(positions, "positions"), 0, 0, tokens)));
}

Transformer::Transformer(Device& device, const std::string& directory)
    : impl_(std::make_unique<Impl>(device, directory, load_marian_or_bart(directory))) {}
Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;

const TransformerConfig& Transformer::config() const { return impl_->config; }

Tensor Transformer::operator()(Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout) const {
  const Impl& model = *impl_;
  const LayerOptions options{.attention = {.lengths = lengths}, .dropout = dropout};
  Tensor encoded = model.embed(source, dropout);  // (rows, source_length, width)
  for (const EncoderLayer& layer : model.encoder) encoded = layer(encoded, options).out;
  Tensor x = model.embed(inputs, dropout);  // (rows, target_length, width)
  for (const DecoderLayer& layer : model.decoder) x = layer(x, layer.cross().memory(encoded), options).out;
  const Tensor table = source.graph->use(model.table, "model.shared.weight");
  return matmul(x, transpose(table), {.bias = source.graph->use(model.shift, "final_logits_bias")});
}

Parameters Transformer::parameters() {
  Parameters all{{"model.shared.weight", &impl_->table}};
  for (size_t i = 0; i < impl_->encoder.size(); ++i)
    impl_->encoder[i].parameters(concat("model.encoder.layers.", i), all);
  for (size_t i = 0; i < impl_->decoder.size(); ++i)
    impl_->decoder[i].parameters(concat("model.decoder.layers.", i), all);
  return all;
}

void Transformer::save(const std::string& directory, Storage storage) {
  save_transformer(directory, impl_->config, {parameters(), impl_->shift.read(), impl_->scale != 1}, storage);
}

}  // namespace fovea
