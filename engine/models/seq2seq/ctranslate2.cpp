// Settings of CTranslate2's Transformers, most of which lie among the tensors.
#include "io/ctranslate2.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "io/config.h"
#include "models/seq2seq/file.h"

namespace fovea {
namespace {

constexpr Seq2SeqFormat kFormat = Seq2SeqFormat::ctranslate2;
constexpr int64_t kPositions = 1024;  // where no table has rows for them

// (rows, columns), whatever they are.
std::pair<int64_t, int64_t> matrix(const CTranslate2File& file, const std::string& name) {
  const std::vector<int64_t> shape = file.shape(name);
  FOVEA_CHECK(shape.size() == 2 && shape[0] >= 1 && shape[1] >= 1, file.where(name), " is no matrix");
  return {shape[0], shape[1]};
}

// What a variable of the side, or of its first layer, is called.
std::string variable(const std::string& side, const char* part, const char* suffix, int64_t layer = -1) {
  return names_in_file(kFormat, side, part, layer).at(0) + suffix;
}

void expect_known_positions(const CTranslate2File& file, const std::string& side, int64_t layers) {
  for (int64_t i = 0; i < layers; ++i)
    for (const char* extra : {"relative_attention_bias", "relative_asymmetric_position_keys", "rotary_dim"}) {
      const std::string name = concat(side, "/layer_", i, "/self_attention/", extra);
      FOVEA_CHECK(!file.has(name), file.where(name),
                  ": these positions are not supported, relative_position_keys are");
    }
}

// The reach of the side's relative positions; 0: it has others.
int64_t load_reach(const CTranslate2File& file, const std::string& side) {
  const std::string keys = variable(side, "attention.relative", "", 0);
  if (!file.has(keys)) return 0;
  const int64_t rows = matrix(file, keys).first;
  FOVEA_CHECK(rows % 2 == 1, file.where(keys), ": ", rows, " rows, expected 2 reach + 1");
  return rows / 2;
}

Seq2SeqConfig::Side load_side(const CTranslate2File& file, const std::string& side, int64_t& width) {
  Seq2SeqConfig::Side made{.own_tokens = true};
  std::string tokens = variable(side, "embed_tokens", kCTranslate2.weight);
  made.numbered_tokens = !file.has(tokens);
  if (made.numbered_tokens) tokens = variable(side, "embed_tokens", "_0") + kCTranslate2.weight;
  const auto [vocab, columns] = matrix(file, tokens);
  if (width == 0) width = columns;
  FOVEA_CHECK(columns == width, file.where(tokens), ": ", columns, " columns, expected ", width);
  made.vocab = vocab;
  const auto weight_of_layer = [&](const char* part, int64_t layer) {
    return variable(side, part, kCTranslate2.weight, layer);
  };
  while (file.has(weight_of_layer("attention.qkv", made.layers))) ++made.layers;
  FOVEA_CHECK(made.layers > 0, file.path(), ": no variable \"", side, "/layer_0/..\"");
  made.hidden = matrix(file, weight_of_layer("feed_forward.up", 0)).first;
  const std::string positions = variable(side, "embed_positions", "/encodings");
  if (file.has(positions) && load_reach(file, side) == 0) made.learned = matrix(file, positions).first;
  made.embedding_norm = file.has(variable(side, "layernorm_embedding", kCTranslate2.norm_weight));
  made.last_norm = file.has(variable(side, "layer_norm", kCTranslate2.norm_weight));
  expect_known_positions(file, side, made.layers);
  return made;
}

// Heads are a variable of newer files; the Base and Big specs have 8 and 16.
int64_t load_heads(const CTranslate2File& file, int64_t width) {
  const double fallback = file.spec() == "TransformerBig" ? 16 : 8;
  const double count = file.number("encoder/num_heads", file.number("num_heads", fallback));
  FOVEA_CHECK(count >= 1 && count <= double(width) && width % int64_t(count) == 0,
              file.where("encoder/num_heads"), ": ", count, " heads for a width of ", width);
  return int64_t(count);
}

// What the file says the tokens' rows are multiplied with.
float load_scale(const CTranslate2File& file, const std::string& side, int64_t width) {
  const double flag = file.number(side + "/scale_embeddings", 1);
  return flag == 1 ? std::sqrt(float(width)) : flag == 0 ? 1 : float(flag);
}

Seq2SeqConfig load_config(const CTranslate2File& file) {
  Seq2SeqConfig c;
  c.activation =
      ctranslate2_activation(file.where("decoder/activation"),
                             file.number("decoder/activation", file.number("encoder/activation", 0)));
  c.place =
      file.number("encoder/pre_norm", file.number("pre_norm", 1)) != 0 ? NormPlace::before : NormPlace::after;
  c.encoder = load_side(file, "encoder", c.width);
  c.decoder = load_side(file, "decoder", c.width);
  c.encoder.heads = c.decoder.heads = load_heads(file, c.width);
  c.encoder.scale = load_scale(file, "encoder", c.width);
  c.decoder.scale = load_scale(file, "decoder", c.width);
  c.reach = load_reach(file, "encoder");
  FOVEA_CHECK(load_reach(file, "decoder") == c.reach, file.path(), ": relative positions that reach ",
              c.reach, " in the encoder and ", load_reach(file, "decoder"), " in the decoder");
  const int64_t most = std::max(c.encoder.learned, c.decoder.learned);
  c.positions = most == 0 ? kPositions : most;
  for (const int64_t learned : {c.encoder.learned, c.decoder.learned})
    if (learned > 0) c.positions = std::min(c.positions, learned);
  c.sinusoids = {.first = 1, .to_the_end = true};
  c.own_projection = file.has("decoder/projection/weight");
  return c;
}

uint32_t id_of(const std::vector<std::string>& tokens, const std::string& token, const std::string& file) {
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] == token) return uint32_t(i);
  fail(file, ": no token \"", token, "\" among ", tokens.size());
}

// The vocabularies, and the tokens around sentences by config.json or CTranslate2's defaults.
void load_vocabularies(const ModelFiles& files, Seq2SeqFile& made) {
  Seq2SeqConfig& config = made.config;
  const auto shared = find_vocabulary(files, "shared_vocabulary");
  std::string bos = "<s>", eos = "</s>", start = "<s>";
  if (const std::optional<File> settings = files.find("config.json")) {
    const JsonFile file = JsonFile::load(*settings);
    bos = file.get_string("bos_token", bos);
    eos = file.get_string("eos_token", eos);
    config.unknown = file.get_string("unk_token", config.unknown);
    start = file.get_string("decoder_start_token", start);
    config.eps = float(file.get_float("layer_norm_epsilon", config.eps));
    config.source_bos = file.get_bool("add_source_bos", false);
    config.source_eos = file.get_bool("add_source_eos", false);
  }
  const auto read = [&](const char* side) {
    std::vector<std::string> tokens = shared ? *shared : read_vocabulary(files, concat(side, "_vocabulary"));
    if (std::find(tokens.begin(), tokens.end(), config.unknown) == tokens.end())
      tokens.push_back(config.unknown);  // which files may leave out
    return tokens;
  };
  const auto& source = made.source_tokens = read("source");
  const auto& target = made.target_tokens = read("target");
  FOVEA_CHECK(
      int64_t(source.size()) == config.encoder.vocab && int64_t(target.size()) == config.decoder.vocab,
      files.label(), ": vocabularies of ", source.size(), " and ", target.size(), " tokens, embeddings of ",
      config.encoder.vocab, " and ", config.decoder.vocab);
  const std::string& file = files.label();
  config.start = id_of(target, start, file);
  config.eos = id_of(target, eos, file);
  if (config.source_bos) config.source_bos_id = id_of(source, bos, file);
  if (config.source_eos) config.source_eos_id = id_of(source, eos, file);
}

}  // namespace

Seq2SeqFile load_ctranslate2(const ModelFiles& files, File model) {
  auto file = std::make_unique<CTranslate2File>(std::move(model));
  FOVEA_CHECK(file->spec().starts_with("Transformer") &&
                  file->has(variable("encoder", "attention.qkv", kCTranslate2.weight, 0)),
              file->path(), ": a model of spec \"", file->spec(),
              "\", known are encoder-decoder Transformers");
  Seq2SeqFile made{.format = kFormat, .config = load_config(*file)};
  made.tensors = std::move(file);
  load_vocabularies(files, made);
  return made;
}

}  // namespace fovea
