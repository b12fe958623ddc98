#include "models/seq2seq/transformer_file.h"

#include <nlohmann/json.hpp>

#include "io/json.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

// What both files say of tokens and lengths.
Json tokens(const TransformerConfig& config) {
  return {{"eos_token_id", config.eos},     {"pad_token_id", config.pad},
          {"bos_token_id", nullptr},        {"decoder_start_token_id", config.start.value_or(config.pad)},
          {"max_length", config.positions}, {"num_beams", config.beams},
          {"bad_words_ids", {{config.pad}}}};
}

// What load_form reads.
Json form(const TransformerConfig& config) {
  return {{"normalize_before", config.place == NormPlace::before},
          {"attention_bias", config.attention_bias},
          {"attention_score", config.additive ? "additive" : "dot"},
          {"interleaved_positions", config.interleaved_positions},
          {"learned_positions", config.learned_positions},
          {"kept_heads", config.kept_heads}};
}

}  // namespace

bool is_marian(const TransformerConfig& c) {
  return c.target_vocab == 0 && !c.start && c.place == NormPlace::after && c.attention_bias && !c.additive &&
         !c.interleaved_positions && !c.learned_positions && c.kept_heads.empty();
}

void write_transformer_config(const std::filesystem::path& directory, const TransformerConfig& config,
                              bool scaled) {
  Json json;
  const bool marian = is_marian(config), shared = config.target_vocab == 0;
  if (marian) json["architectures"] = {"MarianMTModel"};
  json["model_type"] = marian ? "marian" : "transformer";
  json["vocab_size"] = config.vocab;
  json["decoder_vocab_size"] = shared ? config.vocab : config.target_vocab;
  json["d_model"] = config.width;
  json["encoder_layers"] = config.encoder_layers;
  json["decoder_layers"] = config.decoder_layers;
  json["encoder_attention_heads"] = json["decoder_attention_heads"] = config.heads;
  json["encoder_ffn_dim"] = json["decoder_ffn_dim"] = config.hidden;
  json["max_position_embeddings"] = config.positions;
  json["activation_function"] = transformers_name(config.activation);
  json["scale_embedding"] = scaled;
  json["static_position_embeddings"] = true;
  json["share_encoder_decoder_embeddings"] = json["tie_word_embeddings"] = shared;
  json["is_encoder_decoder"] = true;
  if (!marian) json.update(form(config));
  json.update(tokens(config));
  write_json(directory / "config.json", json);
  write_json(directory / "generation_config.json", tokens(config));
}

}  // namespace fovea
