// A tiny GPT-2 of transformers' own class: tools/make_golden_gpt2 recorded what it says.
#include "fovea/gpt2.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;

namespace {

using Ids = std::vector<std::vector<uint32_t>>;
const std::filesystem::path kGolden = std::filesystem::path(FOVEA_SOURCE_DIR) / "tests/golden/gpt2";
constexpr Tolerance kLogits{1e-10, 1e-4};
constexpr double kScore = 1e-4;

Decoding decoding_of(const json& settings) {
  Decoding d;
  d.beams = settings.value("num_beams", 1);
  d.n_best = settings.value("num_return_sequences", 1);
  d.max_length = settings.at("max_new_tokens");
  d.min_length = settings.value("min_new_tokens", 0);
  d.length_penalty = settings.value("length_penalty", 1.0f);
  d.repetition = settings.value("repetition_penalty", 1.0f);
  d.ngram = settings.value("no_repeat_ngram_size", 0);
  if (settings.contains("early_stopping")) {
    d.patient = settings["early_stopping"].is_string();
    d.stop_early = !d.patient && settings["early_stopping"].get<bool>();
  }
  return d;
}

void check_continuations(const std::vector<Continuation>& got, const json& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    INFO("output " << i);
    CHECK(got[i].tokens == want[i]["ids"].get<std::vector<uint32_t>>());
    CHECK(got[i].log_probs.size() == got[i].tokens.size());
    if (want[i].contains("score")) CHECK(std::abs(got[i].score - want[i]["score"].get<double>()) < kScore);
  }
}

// log p of the tokens behind the prompt, from one pass over the whole sequence.
std::vector<float> scored(const Gpt2& model, std::vector<uint32_t> ids, const std::vector<uint32_t>& behind) {
  const size_t prompt = ids.size();
  ids.insert(ids.end(), behind.begin(), behind.end());
  const std::vector<uint32_t> wanted(ids.begin() + 1, ids.end());
  ids.pop_back();
  Graph graph;
  const Shape shape{1, int64_t(ids.size())};
  const Tensor input = graph.input(shape, DType::u32), next = graph.input(shape, DType::u32);
  const std::vector<float> all = run(graph, {{input, ids}, {next, wanted}}, log_prob(model(input), next));
  return {all.begin() + int64_t(prompt) - 1, all.end()};
}

void check_rejected(const std::string& key, const json& value, const std::vector<std::string>& parts) {
  INFO(key << ": " << value.dump());
  const TemporaryFolder folder;
  std::filesystem::copy(kGolden / "model.safetensors", folder.path() / "model.safetensors");
  json settings = json::parse(read_text(kGolden / "config.json"));
  settings[key] = value;
  std::ofstream(folder.path() / "config.json") << settings;
  check_bad_file([&] { Gpt2(device(), folder.path().string()); }, parts);
}

}  // namespace

TEST_CASE("a GPT-2 follows transformers over whole sequences") {
  const Gpt2 model(device(), kGolden.string());
  const SafeTensors expected(kGolden / "expected.safetensors");
  const json ids = json::parse(read_text(kGolden / "expected.json"))["input_ids"];
  std::vector<uint32_t> read;
  for (const auto& row : ids.get<Ids>()) read.insert(read.end(), row.begin(), row.end());
  Graph graph;
  const Tensor input = graph.input({3, 11}, DType::u32);
  const Tensor logits = model(input);
  const std::vector<float> want = expected.read_f32("logits", {3, 11, model.config().vocab});
  check_close(run(graph, {{input, read}}, logits), {want.begin(), want.end()}, kLogits);
}

TEST_CASE("a GPT-2 goes on as transformers does, prompts alone and together") {
  Gpt2 model(device(), kGolden.string());
  const json expected = json::parse(read_text(kGolden / "expected.json"));
  const Ids prompts = expected["prompts"].get<Ids>();
  for (const json& wanted : expected["cases"]) {
    INFO("case " << wanted["name"]);
    const Decoding decoding = decoding_of(wanted["settings"]);
    const auto together = model.generate(prompts, decoding);
    REQUIRE(together.size() == prompts.size());
    for (size_t i = 0; i < prompts.size(); ++i) {
      INFO("prompt " << i);
      check_continuations(together[i], wanted["results"][i]);
      if (wanted["name"] == "greedy" || wanted["name"] == "beam4")
        check_continuations(model.generate({prompts[i]}, decoding).at(0), wanted["results"][i]);
    }
  }
}

TEST_CASE("a GPT-2 goes on behind prompts that share a prefix and that hold the end") {
  Gpt2 model(device(), kGolden.string());
  const uint32_t eos = model.config().eos;
  // The pass reads 4 columns of the first batch; steps read the ends of the others, an end of a sentence too.
  const Ids prompts{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6, eos, 7}, {eos, eos, 9, 8, 7, 6, 5}};
  for (const Decoding& decoding : {Decoding{.max_length = 7}, Decoding{.beams = 3, .max_length = 6}}) {
    const auto together = model.generate(prompts, decoding);
    for (size_t i = 0; i < prompts.size(); ++i) {
      INFO("prompt " << i << ", beams " << decoding.beams);
      const Continuation& got = together[i].at(0);
      CHECK(!got.tokens.empty());
      CHECK(int64_t(got.tokens.size()) <= decoding.max_length);
      CHECK(got.tokens == model.generate({prompts[i]}, decoding).at(0).at(0).tokens);
      const std::vector<float> want = scored(model, prompts[i], got.tokens);
      check_close(got.log_probs, {want.begin(), want.end()}, {1e-10, 1e-5});
    }
  }
}

TEST_CASE("a GPT-2 draws samples of one prompt, each its own, the same for the same seed") {
  Gpt2 model(device(), kGolden.string());
  const Decoding decoding{.n_best = 4, .max_length = 8, .temperature = 2, .top_k = 0, .seed = 5};
  const auto first = model.generate({{3, 1, 4}, {1, 5}}, decoding);
  const auto again = model.generate({{3, 1, 4}, {1, 5}}, decoding);
  for (size_t i = 0; i < 2; ++i) {
    REQUIRE(first[i].size() == 4);
    CHECK(first[i][0].tokens != first[i][3].tokens);
    for (size_t k = 0; k < 4; ++k) CHECK(first[i][k].tokens == again[i][k].tokens);
    for (size_t k = 0; k + 1 < 4; ++k) CHECK(first[i][k].score >= first[i][k + 1].score);
  }
}

TEST_CASE("a GPT-2 rejects settings and prompts that do not fit") {
  check_rejected("model_type", "gpt_neo", {"config.json", "gpt_neo"});
  check_rejected("n_head", 5, {"n_embd 32", "n_head 5"});
  check_rejected("n_head", 16, {"n_embd 32", "n_head 16", "2 each"});
  check_rejected("n_embd", 48, {"wte.weight", "(61, 48)", "(61, 32)"});
  check_rejected("n_layer", 3, {"h.2.ln_1.weight"});
  check_rejected("n_inner", 64, {"c_fc"});
  check_rejected("n_positions", 41, {"wpe.weight", "(41, 32)"});
  check_rejected("eos_token_id", 61, {"eos_token_id", "61"});
  check_rejected("scale_attn_by_inverse_layer_idx", true, {"scale_attn_by_inverse_layer_idx"});
  Gpt2 model(device(), kGolden.string());
  const auto rejected = [&](const Ids& prompts, const Decoding& decoding, const char* part) {
    check_rejects([&] { model.generate(prompts, decoding); }, {"decoding", part});
  };
  rejected({}, {.max_length = 4}, "no sentences");
  rejected({{1}, {}}, {.max_length = 4}, "a prompt of 0 tokens");
  rejected({{1, 61}}, {.max_length = 4}, "token 61 of 61");
  rejected({std::vector<uint32_t>(38, 1)}, {.max_length = 4}, "a prompt of 38 tokens and 4 behind it");
  CHECK(model.generate({std::vector<uint32_t>(38, 1)}, {.max_length = 3}).at(0).at(0).tokens.size() <= 3);
}
