#include "fovea/bahdanau.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "decode/sessions.h"
#include "io/config.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "models/bahdanau/network.h"
#include "models/load.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr const char* kScores[] = {"dot", "scaled", "bilinear", "additive"};  // in the order of the enum

// Numbers of config.json.
struct Size {
  const char* key;
  int64_t BahdanauConfig::* value;
  Bounds<int64_t> bounds = {1, 1 << 20};
};
constexpr Size kSizes[] = {{"source_vocab_size", &BahdanauConfig::source_vocab},
                           {"target_vocab_size", &BahdanauConfig::target_vocab},
                           {"embedding_size", &BahdanauConfig::embedding},
                           {"hidden_size", &BahdanauConfig::width},
                           {"num_layers", &BahdanauConfig::layers, {1, 1024}},
                           {"max_length", &BahdanauConfig::positions}};

Cell cell_of(const JsonFile& file) {
  const std::string cell = file.require_string("cell");
  FOVEA_CHECK(cell == "gru" || cell == "lstm", file.file(), ": cell ", in_quotes(cell),
              ", known are gru and lstm");
  return cell == "gru" ? Cell::gru : Cell::lstm;
}

BahdanauConfig load_config(const JsonFile& file) {
  FOVEA_CHECK(file.require_string("model_type") == "bahdanau", file.file(), ": model_type \"",
              file.require_string("model_type"), "\", known is bahdanau");
  BahdanauConfig c;
  for (const Size& size : kSizes) c.*size.value = file.require_int(size.key, size.bounds);
  c.cell = cell_of(file);
  c.score = bahdanau_score(file.require_string("score"));
  c.pad = uint32_t(file.require_int("pad_token_id", {0, c.source_vocab - 1}));
  c.start = uint32_t(file.require_int("bos_token_id", {0, c.target_vocab - 1}));
  c.end = uint32_t(file.require_int("eos_token_id", {0, c.target_vocab - 1}));
  return c;
}

void write_config(const fs::path& directory, const BahdanauConfig& c) {
  nlohmann::ordered_json json{{"model_type", "bahdanau"}};
  for (const Size& size : kSizes) json[size.key] = c.*size.value;
  json["cell"] = c.cell == Cell::gru ? "gru" : "lstm";
  json["score"] = name(c.score);
  json["pad_token_id"] = c.pad;
  json["bos_token_id"] = c.start;
  json["eos_token_id"] = c.end;
  write_json(directory / "config.json", json);
}

BahdanauNetwork load_network(Device& device, const ModelFiles& files, Use use, const LoadOptions& load) {
  const BahdanauConfig config = load_config(JsonFile::load(files.open("config.json")));
  const SafeTensors file(files.open("model.safetensors"));
  const TensorTable table = bahdanau_table(config);
  const TensorSource tensors(table, file, load);
  return BahdanauNetwork({.device = device, .tensors = tensors, .use = use}, config);
}

}  // namespace

const char* name(BahdanauScore score) { return kScores[size_t(score)]; }

BahdanauScore bahdanau_score(const std::string& text) {
  std::string known;
  for (size_t i = 0; i < std::size(kScores); ++i) {
    if (text == kScores[i]) return BahdanauScore(i);
    known += concat(i == 0 ? "" : i + 1 < std::size(kScores) ? ", " : " and ", kScores[i]);
  }
  fail("bahdanau: score ", in_quotes(text), ", known are ", known);
}

struct Bahdanau::Impl {
  Impl(Device& device, const ModelFiles& files, Use use, const LoadOptions& load)
      : network(load_network(device, files, use, load)), sessions(device, network) {}

  BahdanauNetwork network;
  DecodeSessions sessions;
};

Bahdanau::Bahdanau(Device& device, const ModelFiles& files, Use use, const LoadOptions& load)
    : impl_(load_model(load, [&] { return std::make_unique<Impl>(device, files, use, load); })) {}
Bahdanau::~Bahdanau() = default;
Bahdanau::Bahdanau(Bahdanau&&) noexcept = default;

const BahdanauConfig& Bahdanau::config() const { return impl_->network.config(); }
void Bahdanau::trim() { impl_->sessions.trim(); }

Bahdanau::Encoded Bahdanau::encode(Tensor source, Tensor lengths, const Dropout& dropout) const {
  return impl_->network.encode(source, lengths, dropout);
}

Bahdanau::Result Bahdanau::operator()(Tensor source, Tensor lengths, Tensor inputs,
                                      const Options& options) const {
  return impl_->network.decode(encode(source, lengths, options.dropout), lengths, inputs, options);
}

std::vector<std::vector<BahdanauTarget>> Bahdanau::translate(
    const std::vector<std::vector<uint32_t>>& sources, const Decoding& decoding, bool attention) {
  DecodeRequest request{.sources = sources, .decoding = decoding, .attention = attention};
  for (size_t i = 0; i < sources.size(); ++i) request.seeds.push_back(seed_of(decoding.seed, i));
  std::vector<std::vector<BahdanauTarget>> all;
  for (std::vector<DecodedTarget>& targets : impl_->sessions.decode(request)) {
    all.emplace_back();
    for (DecodedTarget& target : targets)
      all.back().push_back(
          {std::move(target.tokens), std::move(target.log_probs), target.score, std::move(target.attention)});
  }
  return all;
}

Parameters Bahdanau::parameters() { return impl_->network.parameters(); }

void Bahdanau::save(const std::string& directory, Storage storage) {
  fs::create_directories(directory);
  save_tensors(fs::path(directory) / "model.safetensors", bahdanau_table(config()), parameters(), storage);
  write_config(directory, config());
}

void write_fresh_bahdanau(const std::string& directory, const BahdanauConfig& config, uint64_t seed) {
  for (const auto& [key, value, bounds] : kSizes)
    FOVEA_CHECK(config.*value >= bounds.least && config.*value <= bounds.most, "write_fresh_bahdanau: ", key,
                " ", config.*value, ", ", bounds.least, " to ", bounds.most, " are possible");
  const auto known = [&](uint32_t id, int64_t vocab) {
    FOVEA_CHECK(int64_t(id) < vocab, "bahdanau: a vocabulary of ", vocab, " without its token ", id);
  };
  known(config.pad, config.source_vocab);
  known(config.start, config.target_vocab);
  known(config.end, config.target_vocab);
  fs::create_directories(directory);
  write_fresh_tensors(fs::path(directory) / "model.safetensors", bahdanau_table(config), seed);
  write_config(directory, config);
}

}  // namespace fovea
