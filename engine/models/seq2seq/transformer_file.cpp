#include "models/seq2seq/transformer_file.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "io/json.h"
#include "models/model_file.h"

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

void write_config(const std::filesystem::path& directory, const TransformerConfig& config, bool scaled) {
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

const std::vector<FileName>& names() {
  static const std::vector<FileName> kNames = {
      {"attention_norm", {"self_attn_layer_norm"}},
      {"attention.qkv", {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}},
      {"attention.out", {"self_attn.out_proj"}},
      {"cross_norm", {"encoder_attn_layer_norm"}},
      {"cross.q", {"encoder_attn.q_proj"}},
      {"cross.kv", {"encoder_attn.k_proj", "encoder_attn.v_proj"}},
      {"cross.out", {"encoder_attn.out_proj"}},
      {"feed_forward_norm", {"final_layer_norm"}},
      {"feed_forward.up", {"fc1"}},
      {"feed_forward.down", {"fc2"}}};
  return kNames;
}

void add_fresh_layer(FreshTensors& fresh, const std::string& name, const TransformerConfig& config,
                     bool cross) {
  std::vector<std::string> blocks{"self_attn"};
  if (cross) blocks.push_back("encoder_attn");
  for (const std::string& block : blocks) {
    for (const char* part : {"q", "k", "v", "out"})
      fresh.linear(concat(name, ".", block, ".", part, "_proj"), config.width, config.width);
    fresh.norm(concat(name, ".", block, "_layer_norm"), config.width);
  }
  fresh.linear(name + ".fc1", config.hidden, config.width);
  fresh.linear(name + ".fc2", config.width, config.hidden);
  fresh.norm(name + ".final_layer_norm", config.width);
}

}  // namespace

void save_transformer(const std::string& directory, const TransformerConfig& config,
                      const TransformerState& state, Storage storage) {
  std::filesystem::create_directories(directory);
  std::vector<FileTensor> tensors = file_tensors(state.parameters, names());
  tensors.push_back({"final_logits_bias", {1, config.vocab}, state.shift});
  write_tensors(std::filesystem::path(directory) / "model.safetensors", tensors, storage);
  write_config(directory, config, state.scaled);
}

void write_fresh_transformer(const std::string& directory, const TransformerConfig& config, uint64_t seed) {
  FOVEA_CHECK(config.vocab > config.eos && config.vocab > config.pad, "transformer: a vocabulary of ",
              config.vocab, " without its tokens ", config.eos, " and ", config.pad);
  const int64_t head_dim = config.heads >= 1 ? config.width / config.heads : 0;
  FOVEA_CHECK(head_dim >= 1 && config.width % config.heads == 0 && head_dim % 4 == 0 && head_dim <= 256,
              "transformer: width ", config.width, " for ", config.heads,
              " heads, known are multiples of 4 up to 256 for each");
  std::filesystem::create_directories(directory);
  FreshTensors fresh(seed);
  fresh.normal("model.shared.weight", {config.vocab, config.width}, 1 / std::sqrt(double(config.width)));
  fresh.constant("final_logits_bias", {1, config.vocab}, 0);
  for (int64_t i = 0; i < config.encoder_layers; ++i)
    add_fresh_layer(fresh, concat("model.encoder.layers.", i), config, false);
  for (int64_t i = 0; i < config.decoder_layers; ++i)
    add_fresh_layer(fresh, concat("model.decoder.layers.", i), config, true);
  write_tensors(std::filesystem::path(directory) / "model.safetensors", fresh.all());
  write_config(directory, config, true);
}

}  // namespace fovea
