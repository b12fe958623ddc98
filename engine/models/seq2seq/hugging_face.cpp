// Settings of transformers' MarianMTModel and BartForConditionalGeneration, and of our own "transformer".
#include <cmath>

#include "core/check.h"
#include "io/config.h"
#include "io/safetensors.h"
#include "models/layers.h"
#include "models/seq2seq/file.h"

namespace fovea {
namespace {

constexpr Bounds<int64_t> kCount{1, 1 << 20};
constexpr Bounds<int64_t> kToken{0, 1 << 24};
constexpr int64_t kBartOffset = 2;  // rows of BART's position table before position 0

// generation_config.json over what config.json says: lengths there count the start token.
Decoding load_decoding(const ModelFiles& files, const JsonFile& settings) {
  const std::optional<File> own = files.find("generation_config.json");
  const JsonFile file = own ? JsonFile::load(*own) : settings;
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

Seq2SeqConfig::Side load_side(const JsonFile& settings, const TensorFile& file, const std::string& side) {
  Seq2SeqConfig::Side made{.layers = settings.require_int(side + "_layers", {1, 1024}),
                           .heads = settings.require_int(side + "_attention_heads", kCount),
                           .hidden = settings.require_int(side + "_ffn_dim", kCount)};
  const auto has = [&](const char* part) {
    return file.has(names_in_file(Seq2SeqFormat::hugging_face, side, part).at(0) + kHuggingFace.weight);
  };
  made.own_tokens = has("embed_tokens");
  made.embedding_norm = has("layernorm_embedding");
  return made;
}

// What a "transformer" has otherwise than Marian.
void load_form(const JsonFile& file, Seq2SeqConfig& c) {
  c.place = file.get_bool("normalize_before", false) ? NormPlace::before : NormPlace::after;
  c.encoder.last_norm = c.decoder.last_norm = c.place == NormPlace::before;
  c.attention_bias = file.get_bool("attention_bias", true);
  const std::string score = file.get_string("attention_score", "dot");
  FOVEA_CHECK(score == "dot" || score == "additive", file.file(), ": attention_score \"", score,
              "\", known are dot and additive");
  c.additive = score == "additive";
  c.sinusoids.interleaved = file.get_bool("interleaved_positions", false);
  if (file.get_bool("learned_positions", false)) c.encoder.learned = c.decoder.learned = c.positions;
  for (const std::vector<uint32_t>& kept : file.get_token_sequences("kept_heads")) {
    FOVEA_CHECK(kept.size() == 1, file.file(), ": kept_heads has a list of ", kept.size(),
                " numbers in the place of one");
    c.kept_heads.push_back(kept[0]);
  }
  const size_t attentions = size_t(c.encoder.layers + 2 * c.decoder.layers);
  FOVEA_CHECK(c.kept_heads.empty() || c.kept_heads.size() == attentions, file.file(), ": kept_heads of ",
              c.kept_heads.size(), " attentions, the model has ", attentions);
  for (int64_t kept : c.kept_heads)
    FOVEA_CHECK(kept >= 1 && kept <= c.encoder.heads, file.file(), ": kept_heads ", kept, " of ",
                c.encoder.heads);
}

Seq2SeqConfig load_config(const JsonFile& file, const TensorFile& tensors, const std::string& type) {
  const bool marian = type != "bart";
  Seq2SeqConfig c;
  c.width = file.require_int("d_model", kCount);
  c.encoder = load_side(file, tensors, "encoder");
  c.decoder = load_side(file, tensors, "decoder");
  check_heads(file.file(), {"d_model", c.width}, {"encoder_attention_heads", c.encoder.heads});
  check_heads(file.file(), {"d_model", c.width}, {"decoder_attention_heads", c.decoder.heads});
  c.encoder.vocab = file.require_int("vocab_size", kCount);
  c.decoder.vocab = file.get_int("decoder_vocab_size", c.encoder.vocab, kCount);
  FOVEA_CHECK(c.encoder.vocab == c.decoder.vocab || c.encoder.own_tokens || c.decoder.own_tokens, file.file(),
              ": vocabularies of ", c.encoder.vocab, " and ", c.decoder.vocab,
              " tokens share model.shared.weight");
  c.positions = file.get_int("max_position_embeddings", 1024, kCount);
  if (!marian) {
    c.skipped = kBartOffset;
    c.encoder.learned = c.decoder.learned = c.positions + kBartOffset;
  }
  c.activation = transformers_activation(concat(file.file(), ": activation_function"),
                                         file.get_string("activation_function", "gelu"));
  c.place = NormPlace::after;
  if (type == "transformer") load_form(file, c);
  if (file.get_bool("scale_embedding", false)) c.encoder.scale = c.decoder.scale = std::sqrt(float(c.width));
  c.own_projection = tensors.has("lm_head.weight");
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

Seq2SeqFile load_hugging_face(const ModelFiles& files) {
  const JsonFile settings = JsonFile::load(files.open("config.json"));
  const std::string type = settings.require_string("model_type");
  FOVEA_CHECK(type == "marian" || type == "bart" || type == "transformer", settings.file(), ": model_type \"",
              type, "\", known are marian, bart and transformer");
  auto tensors = std::make_unique<SafeTensors>(files.open("model.safetensors"));
  Seq2SeqConfig config = load_config(settings, *tensors, type);
  return {.format = Seq2SeqFormat::hugging_face,
          .config = std::move(config),
          .decoding = load_decoding(files, settings),
          .tensors = std::move(tensors),
          .settings = settings.file(),
          .type = type};
}

}  // namespace fovea
