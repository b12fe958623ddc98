#include "fovea/transformer.hpp"

#include <algorithm>
#include <filesystem>

#include "core/check.h"
#include "models/load.h"
#include "models/seq2seq/network.h"
#include "models/seq2seq/prune.h"
#include "models/seq2seq/transformer_file.h"
#include "ops/attention.h"

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

// Source, target and output have a table each.
bool has_own_tables(const Seq2SeqConfig& c) {
  return c.encoder.own_tokens && c.decoder.own_tokens && c.own_projection;
}

// What training takes of what inference takes.
Seq2SeqFile load_for_training(const ModelFiles& files) {
  FOVEA_CHECK(!files.find("model.bin"), files.label(),
              ": a model of CTranslate2, training takes those of Hugging Face");
  Seq2SeqFile file = load_hugging_face(files);
  Seq2SeqConfig& c = file.config;
  const std::string& path = file.settings;
  FOVEA_CHECK(file.type != "bart", path, ": model_type ", file.type,
              ", training takes marian and transformer");
  FOVEA_CHECK(!c.encoder.embedding_norm, path, ": training takes encoders without normalize_embedding");
  FOVEA_CHECK(c.encoder.heads == c.decoder.heads, path, ": ", c.encoder.heads, " heads in the encoder, ",
              c.decoder.heads, " in the decoder: training takes as many in both");
  FOVEA_CHECK(c.start == c.pad || file.type != "marian", path, ": targets start with ", c.start,
              ", training takes those that start with pad, ", c.pad);
  FOVEA_CHECK(c.encoder.hidden == c.decoder.hidden, path, ": a feed-forward network of ", c.encoder.hidden,
              " in the encoder, of ", c.decoder.hidden, " in the decoder: training takes one size for both");
  if (!has_own_tables(c)) share_tokens(file);
  return file;
}

TransformerConfig config_of(const Seq2SeqFile& file) {
  const Seq2SeqConfig& c = file.config;
  const bool own = has_own_tables(c);
  return {.vocab = c.encoder.vocab,
          .width = c.width,
          .heads = c.encoder.heads,
          .hidden = c.encoder.hidden,
          .encoder_layers = c.encoder.layers,
          .decoder_layers = c.decoder.layers,
          .positions = c.positions,
          .activation = c.activation,
          .eos = c.eos,
          .pad = c.pad,
          .beams = file.decoding.beams,
          .target_vocab = own ? c.decoder.vocab : 0,
          .start = c.start == c.pad ? std::nullopt : std::optional(c.start),
          .place = c.place,
          .attention_bias = c.attention_bias,
          .additive = c.additive,
          .interleaved_positions = c.sinusoids.interleaved,
          .learned_positions = c.encoder.learned > 0,
          .kept_heads = c.kept_heads};
}

struct Settings {
  Seq2SeqConfig network;
  TransformerConfig written;
};

void write(const std::filesystem::path& directory, const Settings& settings, const Parameters& tensors,
           Storage storage) {
  std::filesystem::create_directories(directory);
  const TensorTable table = seq2seq_table(settings.network, Seq2SeqFormat::hugging_face);
  save_tensors(directory / "model.safetensors", table, tensors, storage);
  write_transformer_config(directory, settings.written, settings.network.encoder.scale != 1);
}

}  // namespace

struct Transformer::Impl {
  Impl(Device& owner, const Seq2SeqFile& file, const LoadOptions& load)
      : device(owner), config(config_of(file)), network(load_network(owner, file, Use::training, load)) {}

  Device& device;
  TransformerConfig config;
  Seq2SeqNetwork network;
};

Transformer::Transformer(Device& device, const ModelFiles& files, const LoadOptions& load)
    : impl_(
          load_model(load, [&] { return std::make_unique<Impl>(device, load_for_training(files), load); })) {}
Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;

const TransformerConfig& Transformer::config() const { return impl_->config; }

Transformer::Result Transformer::forward(Tensor source, Tensor lengths, Tensor inputs,
                                         const TransformerOptions& options) const {
  const TransformerConfig& c = impl_->config;
  LayerOptions of_encoder{.weights = options.weights,
                          .attention = {.lengths = lengths},
                          .dropout = options.dropout,
                          .weight_dropout = options.weight_dropout};
  LayerOptions of_decoder = of_encoder;
  if (const Tensor mask = options.head_mask) {
    const int64_t encoder = c.encoder_layers, decoder = c.decoder_layers;
    FOVEA_CHECK(mask.shape() == Shape({encoder + 2 * decoder, c.heads}), "transformer: a head mask ",
                mask.shape(), " for ", encoder, " + 2 x ", decoder, " layers of ", c.heads, " heads");
    of_encoder.head_mask = slice(mask, 0, 0, encoder);
    of_decoder.head_mask = reshape(slice(mask, 0, encoder, 2 * decoder), {decoder, 2, c.heads});
  }
  Encoder::Result encoded = impl_->network.encode(source, of_encoder);
  Seq2SeqNetwork::Decoded decoded = impl_->network.decode(inputs, encoded.out, of_decoder);
  return {decoded.logits, std::move(encoded.weights), std::move(decoded.own), std::move(decoded.cross)};
}

Tensor Transformer::operator()(Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout) const {
  return forward(source, lengths, inputs, {.dropout = dropout}).logits;
}

Parameters Transformer::parameters() { return impl_->network.parameters(); }

void Transformer::save(const std::string& directory, Storage storage) {
  write(directory, {impl_->network.config(), impl_->config}, impl_->network.tensors(), storage);
}

void Transformer::save_pruned(const std::string& directory, const std::vector<uint32_t>& kept) {
  Settings settings{impl_->network.config(), impl_->config};
  const PrunedHeads made = prune_heads(impl_->device, settings.network, impl_->network.tensors(), kept);
  settings.network.kept_heads = settings.written.kept_heads = made.kept_heads;
  write(directory, settings, made.tensors, Storage::f32);
}

void write_fresh_transformer(const std::string& directory, const TransformerConfig& config, uint64_t seed) {
  const uint32_t start = config.start.value_or(config.pad);
  for (const int64_t vocab : {config.vocab, config.target_vocab == 0 ? config.vocab : config.target_vocab})
    FOVEA_CHECK(vocab > config.eos && vocab > config.pad && vocab > start, "transformer: a vocabulary of ",
                vocab, " without its tokens ", config.eos, ", ", config.pad, " and ", start);
  FOVEA_CHECK(!config.learned_positions || config.target_vocab > 0,
              "transformer: learned positions of a table that source and target share");
  FOVEA_CHECK(config.kept_heads.empty(), "transformer: a fresh model with heads pruned");
  const int64_t head_dim = config.heads >= 1 ? config.width / config.heads : 0;
  FOVEA_CHECK(head_dim >= 1 && config.width % config.heads == 0 && has_attention(head_dim),
              "transformer: width ", config.width, " for ", config.heads,
              " heads, known are multiples of 4 up to 256 for each");
  const auto side = [&](int64_t layers, int64_t vocab) {
    return Seq2SeqConfig::Side{.layers = layers,
                               .heads = config.heads,
                               .hidden = config.hidden,
                               .vocab = vocab,
                               .own_tokens = config.target_vocab > 0,
                               .learned = config.learned_positions ? config.positions : 0,
                               .last_norm = config.place == NormPlace::before};
  };
  const bool own = config.target_vocab > 0;
  const Seq2SeqConfig form{.encoder = side(config.encoder_layers, config.vocab),
                           .decoder = side(config.decoder_layers, own ? config.target_vocab : config.vocab),
                           .width = config.width,
                           .own_projection = own,
                           .attention_bias = config.attention_bias,
                           .additive = config.additive};
  std::filesystem::create_directories(directory);
  write_fresh_tensors(std::filesystem::path(directory) / "model.safetensors",
                      seq2seq_table(form, Seq2SeqFormat::hugging_face), seed);
  write_transformer_config(directory, config, true);
}

}  // namespace fovea
