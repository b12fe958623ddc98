// Directories of translation models that lie: every one is an Error that names the file and what is wrong.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "fovea/text.hpp"
#include "fovea/translator.hpp"
#include "io/file.h"
#include "models/seq2seq/seq2seq.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(FOVEA_SOURCE_DIR) / "tests/golden/seq2seq";

// A copy of a golden directory that a test may damage.
struct Damaged {
  explicit Damaged(const std::string& name) {
    for (const char* file : {"config.json", "generation_config.json", "model.safetensors"})
      fs::copy(kGolden / name / file, folder.path() / file);
    const nlohmann::json settings = nlohmann::json::parse(read_text(folder.path() / "config.json"));
    std::vector<std::string> words;
    while (words.size() < settings["vocab_size"].get<size_t>()) words.push_back(concat("w", words.size()));
    write_word_vocabularies(folder.path(), words, words);
  }
  void set(const char* file, const std::string& key, const nlohmann::json& value) {
    nlohmann::json settings = nlohmann::json::parse(read_text(folder.path() / file));
    settings[key] = value;
    std::ofstream(folder.path() / file) << settings;
  }
  void rejected(const std::vector<std::string>& parts) {
    check_bad_file([&] { Translator(device(), folder.path()); }, parts);
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("settings that disagree with the weights are rejected") {
  const std::tuple<const char*, nlohmann::json, const char*> kLies[] = {
      {"d_model", 24, "model.shared.weight"},
      {"d_model", 32, "model.safetensors"},
      {"d_model", "wide", "d_model"},
      {"vocab_size", 30, "model.shared.weight"},
      {"vocab_size", -1, "vocab_size"},
      {"encoder_layers", 3, "model.encoder.layers.2"},
      {"decoder_layers", 0, "decoder_layers"},
      {"encoder_ffn_dim", 25, "fc1"},
      {"encoder_attention_heads", 3, "encoder_attention_heads 3"},
      {"decoder_attention_heads", 0, "decoder_attention_heads"},
      {"activation_function", "mish", "activation_function"},
      {"model_type", "t5", "model_type"},
      {"eos_token_id", 1000, "1000"},
      {"decoder_start_token_id", 29, "29"},
      {"pad_token_id", 4000, "4000"},
      {"eos_token_id", nullptr, "eos_token_id"},
      {"max_position_embeddings", 0, "max_position_embeddings"},
  };
  for (const auto& [key, value, part] : kLies) {
    INFO(key << ": " << value.dump());
    Damaged model("marian");
    model.set("config.json", key, value);
    model.rejected({part});
  }
}

TEST_CASE("generation settings of the wrong kind are rejected") {
  const std::tuple<const char*, nlohmann::json> kLies[] = {
      {"num_beams", 0},
      {"num_beams", 1000},
      {"max_length", -3},
      {"length_penalty", "long"},
      {"bad_words_ids", nlohmann::json::parse("[[-1]]")},
      {"suppress_tokens", "all"},
      {"early_stopping", 3},
      {"repetition_penalty", 0},
      {"no_repeat_ngram_size", -1},
      {"forced_bos_token_id", -2},
      {"bad_words_ids", nlohmann::json::parse("[[]]")},
  };
  for (const auto& [key, value] : kLies) {
    INFO(key << ": " << value.dump());
    Damaged model("bart");
    model.set("generation_config.json", key, value);
    model.rejected({"generation_config.json", key});
  }
}

TEST_CASE("files that are missing or cut are rejected") {
  for (const char* file : {"config.json", "model.safetensors"}) {
    Damaged missing("marian");
    fs::remove(missing.folder.path() / file);
    missing.rejected({file});
    Damaged cut("marian");
    fs::resize_file(cut.folder.path() / file, fs::file_size(cut.folder.path() / file) / 2);
    cut.rejected({file});
  }
  check_bad_file([] { Translator(device(), "no-such-directory"); }, {"no-such-directory"});
}

TEST_CASE("settings of a decoding that cannot be are rejected") {
  Seq2Seq model(device(), load_hugging_face(kGolden / "marian"));
  const auto rejected = [&](const Decoding& decoding, const char* part, int64_t layer = -1,
                            int64_t head = -1) {
    check_rejects(
        [&] {
          model.decode(
              {.sources = {{1, 0}}, .decoding = decoding, .attention = true, .layer = layer, .head = head});
        },
        {part});
  };
  rejected({.beams = 0, .max_length = 8}, "beams");
  rejected({.beams = 2, .n_best = 3, .max_length = 8}, "outputs");
  rejected({.n_best = 2, .max_length = 8}, "outputs");
  rejected({.max_length = 41}, "max_length");
  rejected({.min_length = 9, .max_length = 8}, "min_length");
  rejected({.beams = 2, .max_length = 8, .top_k = 5}, "sampling");
  rejected({.max_length = 8, .suppressed = {{29}}}, "29");
  rejected({.max_length = 8, .suppressed = {{}}}, "no tokens");
  rejected({.max_length = 8, .first = 77}, "77");
  rejected({.max_length = 8, .repetition = 0}, "repetition");
  rejected({.max_length = 8, .temperature = 0, .top_k = 3}, "temperature");
  rejected({.max_length = 8, .top_k = 3, .top_p = 1.5f}, "top-p");
  rejected({.max_length = 8}, "layer", 2);
  rejected({.max_length = 8}, "head", -1, 2);
}
