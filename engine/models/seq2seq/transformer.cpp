#include "fovea/transformer.hpp"

#include <algorithm>
#include <filesystem>

#include "core/check.h"
#include "models/seq2seq/network.h"
#include "models/seq2seq/transformer_file.h"

namespace fovea {
namespace {

// Training takes one table for source, target and output: those a file repeats must be equal.
void share_tokens(Seq2SeqFile& model) {
  Seq2SeqConfig& c = model.config;
  const TensorFile& file = *model.tensors;
  FOVEA_CHECK(c.encoder.vocab == c.decoder.vocab, model.settings, ": vocabularies of ", c.encoder.vocab,
              " and ", c.decoder.vocab, " tokens, training takes one for both languages");
  Seq2SeqConfig sharing = c;
  sharing.encoder.own_tokens = sharing.decoder.own_tokens = sharing.own_projection = false;
  const TensorTable all = seq2seq_table(c, model.format), one = seq2seq_table(sharing, model.format);
  const TensorSource own(all, file), shared(one, file);
  for (const char* name :
       {"model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight", "lm_head.weight"})
    FOVEA_CHECK(std::ranges::none_of(all.rows(), [&](const TensorRow& row) { return row.name == name; }) ||
                    own.read(name).values == shared.read("model.shared.weight").values,
                file.path(), ": ", name,
                " differs from model.shared.weight: training takes one table for all");
  c = sharing;
}

// What training takes of what inference takes.
Seq2SeqFile for_training(Seq2SeqFile file) {
  Seq2SeqConfig& c = file.config;
  const std::string& path = file.settings;
  FOVEA_CHECK(file.type == "marian", path, ": model_type ", file.type, ", training takes marian");
  FOVEA_CHECK(!c.encoder.embedding_norm, path, ": training takes encoders without normalize_embedding");
  FOVEA_CHECK(c.encoder.heads == c.decoder.heads, path, ": ", c.encoder.heads, " heads in the encoder, ",
              c.decoder.heads, " in the decoder: training takes as many in both");
  FOVEA_CHECK(c.start == c.pad, path, ": targets start with ", c.start,
              ", training takes those that start with pad, ", c.pad);
  FOVEA_CHECK(c.encoder.hidden == c.decoder.hidden, path, ": a feed-forward network of ", c.encoder.hidden,
              " in the encoder, of ", c.decoder.hidden, " in the decoder: training takes one size for both");
  share_tokens(file);
  return file;
}

TransformerConfig config_of(const Seq2SeqFile& file) {
  const Seq2SeqConfig& c = file.config;
  return {.vocab = c.decoder.vocab,
          .width = c.width,
          .heads = c.encoder.heads,
          .hidden = c.encoder.hidden,
          .encoder_layers = c.encoder.layers,
          .decoder_layers = c.decoder.layers,
          .positions = c.positions,
          .activation = c.activation,
          .eos = c.eos,
          .pad = c.pad,
          .beams = file.decoding.beams};
}

}  // namespace

struct Transformer::Impl {
  Impl(Device& device, const Seq2SeqFile& file)
      : config(config_of(file)), network(load_network(device, file, Use::training)) {}

  TransformerConfig config;
  Seq2SeqNetwork network;
};

Transformer::Transformer(Device& device, const std::string& directory)
    : impl_(std::make_unique<Impl>(device, for_training(load_marian_or_bart(directory)))) {}
Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;

const TransformerConfig& Transformer::config() const { return impl_->config; }

Tensor Transformer::operator()(Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout) const {
  const LayerOptions encoding{.attention = {.lengths = lengths}, .dropout = dropout};
  const Tensor encoded = impl_->network.encode(source, encoding).out;  // (rows, source_length, width)
  return impl_->network.decode(inputs, encoded, {.attention = {.lengths = lengths}, .dropout = dropout})
      .logits;
}

Parameters Transformer::parameters() { return impl_->network.parameters(); }

void Transformer::save(const std::string& directory, Storage storage) {
  const Seq2SeqConfig& c = impl_->network.config();
  std::filesystem::create_directories(directory);
  save_tensors(std::filesystem::path(directory) / "model.safetensors",
               seq2seq_table(c, Seq2SeqFormat::hugging_face), impl_->network.tensors(), storage);
  write_transformer_config(directory, impl_->config, c.encoder.scale != 1);
}

void write_fresh_transformer(const std::string& directory, const TransformerConfig& config, uint64_t seed) {
  FOVEA_CHECK(config.vocab > config.eos && config.vocab > config.pad, "transformer: a vocabulary of ",
              config.vocab, " without its tokens ", config.eos, " and ", config.pad);
  const int64_t head_dim = config.heads >= 1 ? config.width / config.heads : 0;
  FOVEA_CHECK(head_dim >= 1 && config.width % config.heads == 0 && head_dim % 4 == 0 && head_dim <= 256,
              "transformer: width ", config.width, " for ", config.heads,
              " heads, known are multiples of 4 up to 256 for each");
  const auto side = [&](int64_t layers) {
    return Seq2SeqConfig::Side{
        .layers = layers, .heads = config.heads, .hidden = config.hidden, .vocab = config.vocab};
  };
  const Seq2SeqConfig form{
      .encoder = side(config.encoder_layers), .decoder = side(config.decoder_layers), .width = config.width};
  std::filesystem::create_directories(directory);
  write_fresh_tensors(std::filesystem::path(directory) / "model.safetensors",
                      seq2seq_table(form, Seq2SeqFormat::hugging_face), seed);
  write_transformer_config(directory, config, true);
}

}  // namespace fovea
