// Tiny Marian and BART models of transformers' own classes: tools/make_golden_seq2seq recorded what they say.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "io/safetensors.h"
#include "models/seq2seq/seq2seq.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;

namespace {

using Ids = std::vector<std::vector<uint32_t>>;
constexpr Tolerance kLogits{1e-10, 1e-4};
constexpr double kScore = 1e-4;

struct Golden {
  explicit Golden(const std::string& name)
      : folder(std::filesystem::path(FOVEA_SOURCE_DIR) / "tests/golden/seq2seq" / name),
        expected(json::parse(read_text(folder / "expected.json"))),
        tensors(folder / "expected.safetensors"),
        sources(expected["sources"].get<Ids>()),
        file(load_hugging_face(folder)),
        own(file.decoding),
        model(device(), file) {}

  std::filesystem::path folder;
  json expected;
  SafeTensors tensors;
  Ids sources;
  Seq2SeqFile file;
  Decoding own;  // the settings the model comes with
  Seq2Seq model;
};

// transformers counts the start token in its lengths.
Decoding decoding(const json& settings, const Decoding& own, bool is_default) {
  if (is_default) return own;
  Decoding d;
  d.beams = settings.value("num_beams", 1);
  d.n_best = settings.value("num_return_sequences", 1);
  d.max_length = settings.value("max_length", 20) - 1;
  d.min_length = std::max(settings.value("min_length", 0) - 1, 0);
  d.length_penalty = settings.value("length_penalty", 1.0f);
  d.repetition = settings.value("repetition_penalty", 1.0f);
  d.ngram = settings.value("no_repeat_ngram_size", 0);
  d.forced_end = settings.contains("forced_eos_token_id") && !settings["forced_eos_token_id"].is_null();
  d.renormalise = settings.value("renormalize_logits", false);
  if (settings.contains("early_stopping")) {
    d.patient = settings["early_stopping"].is_string();
    d.stop_early = !d.patient && settings["early_stopping"].get<bool>();
  }
  for (const char* key : {"suppress_tokens", "bad_words_ids"})
    for (const json& id : settings.value(key, json::array()))
      d.suppressed.push_back({id.is_array() ? id[0].get<uint32_t>() : id.get<uint32_t>()});
  return d;
}

void check_forward(Golden& golden) {
  const Ids targets = golden.expected["decoder_input_ids"].get<Ids>();
  const int64_t batch = int64_t(golden.sources.size()), tokens = int64_t(targets[0].size());
  size_t keys = 0;
  for (const auto& source : golden.sources) keys = std::max(keys, source.size());
  std::vector<uint32_t> ids, lengths, read;
  for (const auto& source : golden.sources) {
    ids.insert(ids.end(), source.begin(), source.end());
    ids.insert(ids.end(), keys - source.size(), golden.model.config().pad);
    lengths.push_back(uint32_t(source.size()));
  }
  for (const auto& target : targets) read.insert(read.end(), target.begin(), target.end());

  Graph graph;
  const Tensor source = graph.input({batch, int64_t(keys)}, DType::u32),
               length = graph.input({batch}, DType::u32), target = graph.input({batch, tokens}, DType::u32);
  const Seq2Seq::Forward made = golden.model.forward(source, length, target, true);
  const std::vector<Values> got = run_all(graph, {{source, ids}, {length, lengths}, {target, read}},
                                          {made.logits, made.cross.front(), made.cross.back()});
  const char* names[] = {"logits", "cross_attentions.0", "cross_attentions.last"};
  const Tensor outputs[] = {made.logits, made.cross.front(), made.cross.back()};
  for (size_t i = 0; i < 3; ++i) {
    INFO(names[i]);
    const std::vector<float> want = golden.tensors.read_f32(names[i], outputs[i].shape());
    check_close(std::get<std::vector<float>>(got[i]), {want.begin(), want.end()}, kLogits);
  }
}

void check_case(Golden& golden, const json& wanted) {
  const std::string name = wanted["name"];
  INFO("case " << name);
  const Decoding asked = decoding(wanted["settings"], golden.own, name == "default");
  const auto got = golden.model.decode({.sources = golden.sources, .decoding = asked});
  REQUIRE(got.size() == wanted["results"].size());
  for (size_t s = 0; s < got.size(); ++s) {
    REQUIRE(got[s].size() == wanted["results"][s].size());
    for (size_t i = 0; i < got[s].size(); ++i) {
      const json& result = wanted["results"][s][i];
      INFO("source " << s << ", output " << i);
      CHECK(got[s][i].tokens == result["ids"].get<std::vector<uint32_t>>());
      if (result.contains("score")) CHECK(std::abs(got[s][i].score - result["score"].get<double>()) < kScore);
    }
  }
  if (name != "beam4") return;
  // Alone, a sentence gets what it gets in company.
  for (size_t s = 0; s < golden.sources.size(); ++s) {
    const auto alone = golden.model.decode({.sources = {golden.sources[s]}, .decoding = asked});
    for (size_t i = 0; i < alone[0].size(); ++i) CHECK(alone[0][i].tokens == got[s][i].tokens);
  }
}

void check_golden(const char* name) {
  Golden golden(name);
  check_forward(golden);
  for (const json& wanted : golden.expected["cases"]) check_case(golden, wanted);
}

}  // namespace

TEST_CASE("a Marian model with SiLU and scaled embeddings follows transformers") { check_golden("marian"); }
TEST_CASE("a Marian model with ReLU and three decoder layers follows transformers") {
  check_golden("marian-relu-unscaled");
}
TEST_CASE("a BART model follows transformers") { check_golden("bart"); }
