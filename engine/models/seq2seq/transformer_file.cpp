#include "models/seq2seq/transformer_file.h"

#include <nlohmann/json.hpp>

#include "io/json.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

// What both files say of tokens and lengths.
Json tokens(const TransformerConfig& config) {
  return {{"eos_token_id", config.eos},     {"pad_token_id", config.pad},
          {"bos_token_id", nullptr},        {"decoder_start_token_id", config.pad},
          {"max_length", config.positions}, {"num_beams", config.beams},
          {"bad_words_ids", {{config.pad}}}};
}

}  // namespace

void write_transformer_config(const std::filesystem::path& directory, const TransformerConfig& config,
                              bool scaled) {
  Json json;
  json["architectures"] = {"MarianMTModel"};
  json["model_type"] = "marian";
  json["vocab_size"] = json["decoder_vocab_size"] = config.vocab;
  json["d_model"] = config.width;
  json["encoder_layers"] = config.encoder_layers;
  json["decoder_layers"] = config.decoder_layers;
  json["encoder_attention_heads"] = json["decoder_attention_heads"] = config.heads;
  json["encoder_ffn_dim"] = json["decoder_ffn_dim"] = config.hidden;
  json["max_position_embeddings"] = config.positions;
  json["activation_function"] = transformers_name(config.activation);
  json["scale_embedding"] = scaled;
  json["static_position_embeddings"] = true;
  json["share_encoder_decoder_embeddings"] = json["tie_word_embeddings"] = true;
  json["is_encoder_decoder"] = true;
  json.update(tokens(config));
  write_json(directory / "config.json", json);
  write_json(directory / "generation_config.json", tokens(config));
}

}  // namespace fovea
