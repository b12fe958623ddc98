// The names are those of transformers' MarianMTModel and BartForConditionalGeneration.
#include <cmath>

#include "core/check.h"
#include "io/config.h"
#include "io/safetensors.h"
#include "models/seq2seq/weights.h"

namespace fovea {
namespace {

constexpr Bounds<int64_t> kCount{1, 1 << 20};
constexpr Bounds<int64_t> kToken{0, 1 << 24};
constexpr int64_t kBartOffset = 2;  // rows of BART's position table before position 0

struct Reader {
  SafeTensors file;

  LinearWeights linear(const std::string& name, int64_t out, int64_t in) const {
    LinearWeights made{out, in, file.read_f32(name + ".weight", {out, in}), {}};
    if (file.has(name + ".bias")) made.bias = file.read_f32(name + ".bias", {out});
    return made;
  }
  NormWeights norm(const std::string& name, int64_t width) const {
    return {file.read_f32(name + ".weight", {width}), file.read_f32(name + ".bias", {width})};
  }
};

struct Side {
  std::string name;  // encoder or decoder
  int64_t layers, hidden, vocab;
};

LayerWeights load_layer(const Reader& read, const std::string& name, int64_t width, const Side& side) {
  const auto projection = [&](const std::string& block, const char* part) {
    return read.linear(concat(name, ".", block, ".", part, "_proj"), width, width);
  };
  LayerWeights layer;
  layer.attention_norm = read.norm(name + ".self_attn_layer_norm", width);
  layer.qkv =
      stacked({projection("self_attn", "q"), projection("self_attn", "k"), projection("self_attn", "v")});
  layer.out = projection("self_attn", "out");
  if (side.name == "decoder")
    layer.cross = LayerWeights::Cross{
        read.norm(name + ".encoder_attn_layer_norm", width), projection("encoder_attn", "q"),
        stacked({projection("encoder_attn", "k"), projection("encoder_attn", "v")}),
        projection("encoder_attn", "out")};
  layer.feed_forward_norm = read.norm(name + ".final_layer_norm", width);
  layer.up = read.linear(name + ".fc1", side.hidden, width);
  layer.down = read.linear(name + ".fc2", width, side.hidden);
  return layer;
}

// The shared table, or the side's own.
std::string table_name(const Reader& read, const std::string& side) {
  const std::string own = concat("model.", side, ".embed_tokens.weight");
  return read.file.has(own) ? own : "model.shared.weight";
}

StackWeights load_stack(const Reader& read, const Side& side, const Seq2SeqConfig& config, bool marian) {
  const int64_t width = config.width;
  const std::string base = "model." + side.name;
  StackWeights stack;
  stack.embedding = read.file.read_f32(table_name(read, side.name), {side.vocab, width});
  for (float& value : stack.embedding) value *= config.embedding_scale;
  if (marian) {
    stack.positions = sinusoids(config.positions, width, {});
  } else {
    stack.positions =
        read.file.read_f32(base + ".embed_positions.weight", {config.positions + kBartOffset, width});
    stack.positions.erase(stack.positions.begin(), stack.positions.begin() + kBartOffset * width);
  }
  if (read.file.has(base + ".layernorm_embedding.weight"))
    stack.embedding_norm = read.norm(base + ".layernorm_embedding", width);
  for (int64_t i = 0; i < side.layers; ++i)
    stack.layers.push_back(load_layer(read, concat(base, ".layers.", i), width, side));
  return stack;
}

// generation_config.json over what config.json says: lengths there count the start token.
Decoding load_decoding(const std::filesystem::path& directory, const JsonFile& settings) {
  const bool own = std::filesystem::exists(directory / "generation_config.json");
  const JsonFile file = own ? JsonFile::load(directory / "generation_config.json") : settings;
  constexpr Bounds<int64_t> kLength{0, 1 << 20};
  Decoding d;
  d.beams = file.get_int("num_beams", 1, {1, 64});
  d.max_length = std::max<int64_t>(file.get_int("max_length", 257, kLength) - 1, 1);
  d.min_length = std::max<int64_t>(file.get_int("min_length", 0, kLength) - 1, 0);
  d.length_penalty = float(file.get_float("length_penalty", 1));
  d.repetition = float(file.get_float("repetition_penalty", 1, {1e-6, 1e6}));
  d.ngram = file.get_int("no_repeat_ngram_size", 0, kLength);
  d.renormalise = file.get_bool("renormalize_logits", false);
  d.forced_end = file.has("forced_eos_token_id");
  if (file.has("forced_bos_token_id")) d.first = uint32_t(file.require_int("forced_bos_token_id", kToken));
  d.patient = file.is_string("early_stopping");  // "never"
  d.stop_early = !d.patient && file.get_bool("early_stopping", false);
  for (const char* key : {"suppress_tokens", "bad_words_ids"})
    for (std::vector<uint32_t>& sequence : file.get_token_sequences(key))
      d.suppressed.push_back(std::move(sequence));
  return d;
}

Seq2SeqConfig load_config(const JsonFile& file, bool marian) {
  Seq2SeqConfig c;
  c.width = file.require_int("d_model", kCount);
  c.encoder_heads = file.require_int("encoder_attention_heads", kCount);
  c.decoder_heads = file.require_int("decoder_attention_heads", kCount);
  for (int64_t heads : {c.encoder_heads, c.decoder_heads})
    FOVEA_CHECK(c.width % heads == 0, file.file(), ": d_model ", c.width, " is no multiple of ", heads,
                " heads");
  c.source_vocab = file.require_int("vocab_size", kCount);
  c.target_vocab = file.get_int("decoder_vocab_size", c.source_vocab, kCount);
  c.positions = file.get_int("max_position_embeddings", 1024, kCount);
  c.activation = transformers_activation(concat(file.file(), ": activation_function"),
                                         file.get_string("activation_function", "gelu"));
  c.place = NormPlace::after;
  if (file.get_bool("scale_embedding", false)) c.embedding_scale = std::sqrt(float(c.width));
  c.eos = uint32_t(file.require_int("eos_token_id", kToken));
  c.pad = uint32_t(file.require_int("pad_token_id", kToken));
  c.start = uint32_t(file.get_int("decoder_start_token_id", marian ? c.pad : c.eos, kToken));
  c.source_eos = true;
  c.source_eos_id = c.eos;
  c.source_bos = !marian;
  if (!marian) c.source_bos_id = uint32_t(file.get_int("bos_token_id", 0, kToken));
  return c;
}

}  // namespace

Seq2SeqWeights load_marian_or_bart(const std::filesystem::path& directory) {
  const JsonFile settings = JsonFile::load(directory / "config.json");
  const std::string type = settings.require_string("model_type");
  FOVEA_CHECK(type == "marian" || type == "bart", settings.file(), ": model_type \"", type,
              "\", known are marian and bart");
  const bool marian = type == "marian";
  const Reader read{SafeTensors(directory / "model.safetensors")};
  Seq2SeqWeights made{.config = load_config(settings, marian),
                      .decoding = load_decoding(directory, settings)};
  const Seq2SeqConfig& config = made.config;
  made.encoder = load_stack(read,
                            {"encoder", settings.require_int("encoder_layers", {1, 1024}),
                             settings.require_int("encoder_ffn_dim", kCount), config.source_vocab},
                            config, marian);
  made.decoder = load_stack(read,
                            {"decoder", settings.require_int("decoder_layers", {1, 1024}),
                             settings.require_int("decoder_ffn_dim", kCount), config.target_vocab},
                            config, marian);
  const int64_t vocab = config.target_vocab, width = config.width;
  const std::string head = read.file.has("lm_head.weight") ? "lm_head.weight" : table_name(read, "decoder");
  made.projection = {vocab, width, read.file.read_f32(head, {vocab, width}), {}};
  if (read.file.has("final_logits_bias"))
    made.projection.bias = read.file.read_f32("final_logits_bias", {1, vocab});
  return made;
}

}  // namespace fovea
