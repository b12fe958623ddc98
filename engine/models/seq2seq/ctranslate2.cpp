// The names are those of CTranslate2's TransformerSpec (python/ctranslate2/specs/transformer_spec.py).
#include "io/ctranslate2.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "io/config.h"
#include "models/seq2seq/weights.h"

namespace fovea {
namespace {

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path), path_(path.string()) {}

  bool has(const std::string& name) const { return file_.has(name); }
  double number(const std::string& name, double fallback) const { return file_.number(name, fallback); }
  std::string where(const std::string& name) const { return concat(path_, ": variable \"", name, "\""); }
  const std::string& path() const { return path_; }
  const std::string& spec() const { return file_.spec(); }

  // (rows, columns), whatever they are.
  std::pair<int64_t, int64_t> matrix(const std::string& name) const {
    FOVEA_CHECK(has(name), where(name), " is missing");
    const std::vector<int64_t> shape = file_.shape(name);
    FOVEA_CHECK(shape.size() == 2 && shape[0] >= 1 && shape[1] >= 1, where(name), " is no matrix");
    return {shape[0], shape[1]};
  }
  std::vector<float> vector(const std::string& name, int64_t count) const {
    return file_.read_f32(name, {count});
  }
  std::vector<float> values(const std::string& name, const Shape& shape) const {
    return file_.read_f32(name, shape);
  }
  LinearWeights linear(const std::string& name, int64_t in, int64_t out = 0) const {
    const auto [rows, columns] = matrix(name + "/weight");
    FOVEA_CHECK(columns == in && (out == 0 || rows == out), where(name + "/weight"), ": (", rows, ", ",
                columns, "), expected (", out == 0 ? rows : out, ", ", in, ")");
    LinearWeights made{rows, columns, file_.read_f32(name + "/weight", {rows, columns}), {}};
    if (has(name + "/bias")) made.bias = vector(name + "/bias", rows);
    return made;
  }
  NormWeights norm(const std::string& name, int64_t width) const {
    return {vector(name + "/gamma", width), vector(name + "/beta", width)};
  }

 private:
  CTranslate2File file_;
  std::string path_;
};

Activation activation(const Reader& file) {
  const double number = file.number("decoder/activation", file.number("encoder/activation", 0));
  return ctranslate2_activation(file.where("decoder/activation"), number);
}

std::optional<LayerWeights::Relative> load_relative(const Reader& file, const std::string& self) {
  const std::string keys = self + "/relative_position_keys", values = self + "/relative_position_values";
  if (!file.has(keys)) return std::nullopt;
  const auto [rows, head_dim] = file.matrix(keys);
  FOVEA_CHECK(rows % 2 == 1, file.where(keys), ": ", rows, " rows, expected 2 reach + 1");
  std::vector<float> table = file.values(keys, {rows, head_dim});
  const std::vector<float> second = file.values(values, {rows, head_dim});
  table.insert(table.end(), second.begin(), second.end());
  return LayerWeights::Relative{rows / 2, std::move(table)};
}

LayerWeights load_layer(const Reader& file, const std::string& name, int64_t width, bool decoder) {
  const std::string self = name + "/self_attention", cross = name + "/attention", ffn = name + "/ffn";
  for (const char* extra : {"relative_attention_bias", "relative_asymmetric_position_keys", "rotary_dim"})
    FOVEA_CHECK(!file.has(self + "/" + extra), file.where(self + "/" + extra),
                ": these positions are not supported, relative_position_keys are");
  LayerWeights layer{.attention_norm = file.norm(self + "/layer_norm", width),
                     .qkv = file.linear(self + "/linear_0", width, 3 * width),
                     .out = file.linear(self + "/linear_1", width, width),
                     .cross = {},
                     .feed_forward_norm = file.norm(ffn + "/layer_norm", width),
                     .up = file.linear(ffn + "/linear_0", width),
                     .down = {}};
  layer.down = file.linear(ffn + "/linear_1", layer.up.out, width);
  if (decoder)
    layer.cross = LayerWeights::Cross{
        file.norm(cross + "/layer_norm", width), file.linear(cross + "/linear_0", width, width),
        file.linear(cross + "/linear_1", width, 2 * width), file.linear(cross + "/linear_2", width, width)};
  layer.relative = load_relative(file, self);
  return layer;
}

// Learned positions, or sinusoids of position 1 on; none where attention has relative ones.
std::vector<float> load_positions(const Reader& file, const std::string& side, int64_t width,
                                  int64_t& count) {
  const std::string name = side + "/position_encodings/encodings";
  if (file.has(side + "/layer_0/self_attention/relative_position_keys"))
    return std::vector<float>(size_t(count * width), 0.0f);
  if (!file.has(name)) return sinusoids(count, width, {.first = 1, .to_the_end = true});
  const auto [rows, columns] = file.matrix(name);
  FOVEA_CHECK(columns == width, file.where(name), ": ", columns, " columns, expected ", width);
  count = rows;
  return file.values(name, {rows, columns});
}

StackWeights load_stack(const Reader& file, const std::string& side, Seq2SeqConfig& config) {
  const bool decoder = side == "decoder";
  const std::string single = side + "/embeddings/weight",
                    table = file.has(single) ? single : side + "/embeddings_0/weight";
  const auto [vocab, width] = file.matrix(table);
  config.width = decoder ? config.width : width;
  FOVEA_CHECK(width == config.width, file.where(table), ": ", width, " columns, expected ", config.width);
  (decoder ? config.target_vocab : config.source_vocab) = vocab;

  StackWeights stack;
  stack.embedding = file.values(table, {vocab, width});
  const double flag = file.number(side + "/scale_embeddings", 1);
  const float factor = flag == 1 ? std::sqrt(float(width)) : flag == 0 ? 1 : float(flag);
  for (float& value : stack.embedding) value *= factor;
  stack.positions = load_positions(file, side, width, config.positions);
  if (file.has(side + "/layernorm_embedding/gamma"))
    stack.embedding_norm = file.norm(side + "/layernorm_embedding", width);
  for (int64_t i = 0; file.has(concat(side, "/layer_", i, "/self_attention/linear_0/weight")); ++i)
    stack.layers.push_back(load_layer(file, concat(side, "/layer_", i), width, decoder));
  FOVEA_CHECK(!stack.layers.empty(), file.path(), ": no variable \"", side, "/layer_0/..\"");
  if (file.has(side + "/layer_norm/gamma")) stack.last = file.norm(side + "/layer_norm", width);
  return stack;
}

// Heads are a variable of newer files; the Base and Big specs have 8 and 16.
int64_t heads(const Reader& file, int64_t width) {
  const double fallback = file.spec() == "TransformerBig" ? 16 : 8;
  const double count = file.number("encoder/num_heads", file.number("num_heads", fallback));
  FOVEA_CHECK(count >= 1 && count <= double(width) && width % int64_t(count) == 0,
              file.where("encoder/num_heads"), ": ", count, " heads for a width of ", width);
  return int64_t(count);
}

uint32_t id_of(const std::vector<std::string>& tokens, const std::string& token, const std::string& file) {
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] == token) return uint32_t(i);
  fail(file, ": no token \"", token, "\" among ", tokens.size());
}

// The vocabularies, and the tokens around sentences by config.json or CTranslate2's defaults.
void load_vocabularies(const std::filesystem::path& directory, Seq2SeqWeights& made) {
  Seq2SeqConfig& config = made.config;
  const bool shared = std::filesystem::exists(directory / "shared_vocabulary.json") ||
                      std::filesystem::exists(directory / "shared_vocabulary.txt");
  std::string bos = "<s>", eos = "</s>", start = "<s>";
  if (std::filesystem::exists(directory / "config.json")) {
    const JsonFile file = JsonFile::load(directory / "config.json");
    bos = file.get_string("bos_token", bos);
    eos = file.get_string("eos_token", eos);
    config.unknown = file.get_string("unk_token", config.unknown);
    start = file.get_string("decoder_start_token", start);
    config.eps = float(file.get_float("layer_norm_epsilon", config.eps));
    config.source_bos = file.get_bool("add_source_bos", false);
    config.source_eos = file.get_bool("add_source_eos", false);
  }
  const auto read = [&](const char* side) {
    const std::string stem = shared ? "shared_vocabulary" : concat(side, "_vocabulary");
    std::vector<std::string> tokens = read_vocabulary(directory, stem);
    if (std::find(tokens.begin(), tokens.end(), config.unknown) == tokens.end())
      tokens.push_back(config.unknown);  // which files may leave out
    return tokens;
  };
  const auto& source = made.source_tokens = read("source");
  const auto& target = made.target_tokens = read("target");
  FOVEA_CHECK(int64_t(source.size()) == config.source_vocab && int64_t(target.size()) == config.target_vocab,
              directory.string(), ": vocabularies of ", source.size(), " and ", target.size(),
              " tokens, embeddings of ", config.source_vocab, " and ", config.target_vocab);
  const std::string file = directory.string();
  config.start = id_of(target, start, file);
  config.eos = id_of(target, eos, file);
  if (config.source_bos) config.source_bos_id = id_of(source, bos, file);
  if (config.source_eos) config.source_eos_id = id_of(source, eos, file);
}

}  // namespace

Seq2SeqWeights load_ctranslate2(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "model.bin";
  const Reader file(path);
  FOVEA_CHECK(
      file.spec().starts_with("Transformer") && file.has("encoder/layer_0/self_attention/linear_0/weight"),
      path.string(), ": a model of spec \"", file.spec(), "\", known are encoder-decoder Transformers");
  Seq2SeqWeights made;
  Seq2SeqConfig& config = made.config;
  config.positions = 1024;
  config.activation = activation(file);
  config.place =
      file.number("encoder/pre_norm", file.number("pre_norm", 1)) != 0 ? NormPlace::before : NormPlace::after;
  made.encoder = load_stack(file, "encoder", config);
  made.decoder = load_stack(file, "decoder", config);
  config.encoder_heads = config.decoder_heads = heads(file, config.width);
  load_vocabularies(directory, made);
  if (file.has("decoder/projection/weight")) {
    made.projection = file.linear("decoder/projection", config.width, config.target_vocab);
  } else {  // tied to the embeddings, unscaled
    const std::string table =
        file.has("decoder/embeddings/weight") ? "decoder/embeddings/weight" : "decoder/embeddings_0/weight";
    made.projection = {
        config.target_vocab, config.width, file.values(table, {config.target_vocab, config.width}), {}};
    if (file.has("decoder/projection/bias"))
      made.projection.bias = file.vector("decoder/projection/bias", config.target_vocab);
  }
  return made;
}

}  // namespace fovea
