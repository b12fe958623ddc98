// The names are those of transformers' MarianMTModel and BartForConditionalGeneration, and of CTranslate2's
// TransformerSpec (python/ctranslate2/specs/transformer_spec.py).
#include <cmath>

#include "core/check.h"
#include "models/seq2seq/file.h"

namespace fovea {
namespace {

struct Part {
  const char* ours;
  std::vector<const char*> hugging_face, ctranslate2;
};

const std::vector<Part>& parts() {
  static const std::vector<Part> kParts = {
      {"embed_tokens", {"embed_tokens"}, {"embeddings"}},
      {"embed_positions", {"embed_positions"}, {"position_encodings"}},
      {"layernorm_embedding", {"layernorm_embedding"}, {"layernorm_embedding"}},
      {"layer_norm", {"layer_norm"}, {"layer_norm"}},
      // Of layers.
      {"attention.qkv",
       {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
       {"self_attention/linear_0"}},
      {"attention.out", {"self_attn.out_proj"}, {"self_attention/linear_1"}},
      {"attention.relative",
       {},
       {"self_attention/relative_position_keys", "self_attention/relative_position_values"}},
      {"attention.additive", {"self_attn.additive"}, {}},
      {"attention_norm", {"self_attn_layer_norm"}, {"self_attention/layer_norm"}},
      {"cross.q", {"encoder_attn.q_proj"}, {"attention/linear_0"}},
      {"cross.kv", {"encoder_attn.k_proj", "encoder_attn.v_proj"}, {"attention/linear_1"}},
      {"cross.out", {"encoder_attn.out_proj"}, {"attention/linear_2"}},
      {"cross.additive", {"encoder_attn.additive"}, {}},
      {"cross_norm", {"encoder_attn_layer_norm"}, {"attention/layer_norm"}},
      {"feed_forward.up", {"fc1"}, {"ffn/linear_0"}},
      {"feed_forward.down", {"fc2"}, {"ffn/linear_1"}},
      {"feed_forward_norm", {"final_layer_norm"}, {"ffn/layer_norm"}}};
  return kParts;
}

// Adds the rows of one side, parts under our name and that of the file.
class Side {
 public:
  Side(TensorTable& table, const Seq2SeqConfig& config, Seq2SeqFormat format, const std::string& name)
      : table_(table),
        config_(config),
        side_(name == "encoder" ? config.encoder : config.decoder),
        format_(format),
        name_(name) {}

  void embeddings() {
    const bool hugging_face = format_ == Seq2SeqFormat::hugging_face;
    const Suffixes& suffixes = hugging_face ? kHuggingFace : kCTranslate2;
    if (side_.own_tokens)
      table_.add(
          {.name = ours("embed_tokens") + ".weight",
           .in_file = theirs("embed_tokens").at(0) + (side_.numbered_tokens ? "_0" : "") + suffixes.weight,
           .shape = {side_.vocab, config_.width},
           .beginning = {Beginning::Kind::normal, 1 / std::sqrt(double(config_.width))}});
    if (side_.learned > 0)
      table_.add({.name = ours("embed_positions") + ".weight",
                  .in_file = theirs("embed_positions").at(0) + (hugging_face ? ".weight" : "/encodings"),
                  .shape = {side_.learned, config_.width},
                  .beginning = {Beginning::Kind::normal, 0.5}});
    if (side_.embedding_norm) norm("layernorm_embedding");
    if (side_.last_norm) norm("layer_norm");
  }

  void layer(int64_t layer) {
    layer_ = layer;
    const int64_t width = config_.width, inner = inner_width(false);
    projection("attention.qkv", 3 * inner, width);
    projection("attention.out", width, inner);
    if (config_.additive) additive("attention.additive");
    if (config_.reach > 0)
      for (const std::string& in_file : theirs("attention.relative"))
        table_.add({.name = ours("attention.relative"),
                    .in_file = in_file,
                    .shape = {2 * config_.reach + 1, width / side_.heads}});
    norm("attention_norm");
    if (name_ == "decoder") {
      const int64_t cross = inner_width(true);
      projection("cross.q", cross, width);
      projection("cross.kv", 2 * cross, width);
      projection("cross.out", width, cross);
      if (config_.additive) additive("cross.additive");
      norm("cross_norm");
    }
    linear("feed_forward.up", side_.hidden, width);
    linear("feed_forward.down", width, side_.hidden);
    norm("feed_forward_norm");
  }

 private:
  std::string ours(const std::string& part) const {
    return layer_ < 0 ? concat("model.", name_, ".", part)
                      : concat("model.", name_, ".layers.", layer_, ".", part);
  }
  std::vector<std::string> theirs(const std::string& part) const {
    return names_in_file(format_, name_, part, layer_);
  }
  int64_t head_dim() const { return config_.width / side_.heads; }
  // Of all heads of the layer's attention together.
  int64_t inner_width(bool cross) const { return head_dim() * heads_of(config_, name_, layer_, cross); }
  void linear(const std::string& part, int64_t out, int64_t in) {
    table_.linear(ours(part), theirs(part), {.out = out, .in = in, .optional_bias = true});
  }
  void projection(const std::string& part, int64_t out, int64_t in) {
    table_.linear(ours(part), theirs(part),
                  {.out = out, .in = in, .optional_bias = true, .fresh_bias = config_.attention_bias});
  }
  void additive(const std::string& part) {
    table_.add({.name = ours(part),
                .in_file = theirs(part).at(0),
                .shape = {head_dim()},
                .beginning = {Beginning::Kind::normal, 1 / std::sqrt(double(head_dim()))}});
  }
  void norm(const std::string& part) { table_.norm(ours(part), theirs(part).at(0), config_.width); }

  TensorTable& table_;
  const Seq2SeqConfig& config_;
  const Seq2SeqConfig::Side& side_;
  Seq2SeqFormat format_;
  std::string name_;
  int64_t layer_ = -1;
};

}  // namespace

int64_t heads_of(const Seq2SeqConfig& config, const std::string& side, int64_t layer, bool cross) {
  const int64_t all = side == "encoder" ? config.encoder.heads : config.decoder.heads;
  if (config.kept_heads.empty()) return all;
  const int64_t at = side == "encoder" ? layer : config.encoder.layers + 2 * layer + (cross ? 1 : 0);
  return config.kept_heads.at(size_t(at));
}

std::vector<std::string> names_in_file(Seq2SeqFormat format, const std::string& side, const std::string& part,
                                       int64_t layer) {
  const bool hugging_face = format == Seq2SeqFormat::hugging_face;
  for (const Part& known : parts()) {
    if (part != known.ours) continue;
    std::vector<std::string> names;
    for (const char* name : hugging_face ? known.hugging_face : known.ctranslate2)
      names.push_back(hugging_face ? layer < 0 ? concat("model.", side, ".", name)
                                               : concat("model.", side, ".layers.", layer, ".", name)
                      : layer < 0 ? concat(side, "/", name)
                                   : concat(side, "/layer_", layer, "/", name));
    return names;
  }
  fail("seq2seq: no part ", part, " of its ", side);
}

TensorTable seq2seq_table(const Seq2SeqConfig& config, Seq2SeqFormat format) {
  const bool hugging_face = format == Seq2SeqFormat::hugging_face;
  FOVEA_CHECK(!hugging_face || config.reach == 0, "seq2seq: relative positions, here of reach ", config.reach,
              ", have no place in the layout of Marian and BART; CTranslate2's has one");
  const int64_t vocab = config.decoder.vocab, width = config.width;
  TensorTable table(hugging_face ? kHuggingFace : kCTranslate2);
  if (!config.encoder.own_tokens || !config.decoder.own_tokens)
    table.add({.name = "model.shared.weight",
               .in_file = "model.shared.weight",
               .shape = {config.encoder.own_tokens ? vocab : config.encoder.vocab, width},
               .beginning = {Beginning::Kind::normal, 1 / std::sqrt(double(width))}});
  if (config.own_projection)
    table.add({.name = "lm_head.weight",
               .in_file = hugging_face ? "lm_head.weight" : "decoder/projection/weight",
               .shape = {vocab, width},
               .beginning = {Beginning::Kind::glorot}});
  table.add({.name = config.own_projection ? "lm_head.bias" : "final_logits_bias",
             .in_file = hugging_face ? "final_logits_bias" : "decoder/projection/bias",
             .shape = hugging_face ? std::vector<int64_t>{1, vocab} : std::vector<int64_t>{vocab},
             .optional = true});
  Side encoder(table, config, format, "encoder"), decoder(table, config, format, "decoder");
  encoder.embeddings();
  decoder.embeddings();
  for (int64_t i = 0; i < config.encoder.layers; ++i) encoder.layer(i);
  for (int64_t i = 0; i < config.decoder.layers; ++i) decoder.layer(i);
  return table;
}

}  // namespace fovea
