// Small BERT models made by transformers' own classes and its numbers for them (tools/make_golden_bert): in a
// batch of several lengths, saved and loaded again, fresh, in training.
#include "fovea/bert.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>

#include "io/safetensors.h"
#include "support/check.h"
#include "support/learning.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::filesystem::path kGolden = FOVEA_SOURCE_DIR "/tests/golden/bert";
constexpr int64_t kBatch = 4, kTokens = 11;

std::vector<uint32_t> ids_of(const SafeTensors& file, const std::string& name) {
  const std::span<const std::byte> bytes = file.info(name).bytes;
  std::vector<uint32_t> ids(bytes.size() / 8);
  for (size_t i = 0; i < ids.size(); ++i) std::memcpy(&ids[i], bytes.data() + 8 * i, 4);
  return ids;
}

std::vector<double> recorded(const SafeTensors& file, const std::string& name) {
  const std::vector<float> values = file.read_f32(name, Shape(file.info(name).shape));
  return {values.begin(), values.end()};
}

// The recorded batch as inputs of a graph.
struct Texts {
  explicit Texts(const SafeTensors& file)
      : values{{ids, ids_of(file, "input_ids")},
               {lengths, ids_of(file, "lengths")},
               {types, ids_of(file, "token_type_ids")}} {}

  Graph graph;
  Tensor ids = graph.input({kBatch, kTokens}, DType::u32, "ids");
  Tensor lengths = graph.input({kBatch}, DType::u32, "lengths");
  Tensor types = graph.input({kBatch, kTokens}, DType::u32, "types");
  std::vector<Input> values;
};

std::vector<float> hidden_of(const Bert& model, const SafeTensors& expected) {
  Texts texts(expected);
  return run(texts.graph, texts.values, model(texts.ids, texts.lengths, texts.types).hidden);
}

}  // namespace

TEST_CASE("models of BERT agree with transformers in a batch of several lengths, typed or not") {
  for (const char* variant : {"bert", "prefixed", "poolerless"}) {
    INFO(variant);
    const Bert model(device(), (kGolden / variant).string());
    const SafeTensors expected(kGolden / variant / "expected.safetensors");
    Texts texts(expected);
    const BertTensors typed = model(texts.ids, texts.lengths, texts.types);
    check_close(run(texts.graph, texts.values, typed.hidden), recorded(expected, "last_hidden_state"),
                kProduct);
    REQUIRE(bool(typed.pooled) == expected.has("pooler_output"));
    REQUIRE(bool(typed.pooled) == model.config().pooler);
    if (typed.pooled)
      check_close(run(texts.graph, texts.values, typed.pooled), recorded(expected, "pooler_output"),
                  kProduct);
    const Tensor untyped = model(texts.ids, texts.lengths).hidden;
    check_close(run(texts.graph, texts.values, untyped), recorded(expected, "untyped_hidden_state"),
                kProduct);
  }
  CHECK(device().validation_messages().empty());
}

TEST_CASE("a BERT model comes back from its directory as it was saved") {
  for (const char* variant : {"bert", "prefixed", "poolerless"}) {
    INFO(variant);
    const TemporaryFolder folder;
    const SafeTensors expected(kGolden / variant / "expected.safetensors");
    Bert model(device(), (kGolden / variant).string(), Use::training);
    model.save(folder.path().string());
    const Bert again(device(), folder.path().string(), Use::training),
        plain(device(), folder.path().string());
    CHECK(hidden_of(again, expected) == hidden_of(model, expected));
    check_close(hidden_of(plain, expected), recorded(expected, "last_hidden_state"), kProduct);
    CHECK(again.config().activation == model.config().activation);
    CHECK(again.config().eps == model.config().eps);
    CHECK(again.config().pooler == model.config().pooler);

    const SafeTensors saved(folder.path() / "model.safetensors"),
        loaded(kGolden / variant / "model.safetensors");
    for (const std::string& name : saved.names()) {
      INFO(name);
      const std::string old = loaded.has(name) ? name : "bert." + name;
      const Shape shape(loaded.info(old).shape);
      CHECK(saved.read_f32(name, shape) == loaded.read_f32(old, shape));
    }
  }
  Bert inferring(device(), (kGolden / "bert").string());
  const TemporaryFolder folder;
  check_rejects([&] { inferring.save(folder.path().string()); }, {"save", "for training"});
}

TEST_CASE("a fresh BERT model is its seed's, and every parameter of it learns", "[training]") {
  const TemporaryFolder folder, same;
  const BertConfig config{
      .vocab = 13, .positions = 12, .types = 3, .width = 16, .depth = 1, .heads = 2, .hidden = 24};
  write_fresh_bert(folder.path().string(), config, 3);
  write_fresh_bert(same.path().string(), config, 3);
  CHECK(read_bytes(folder.path() / "model.safetensors") == read_bytes(same.path() / "model.safetensors"));
  Bert model(device(), folder.path().string(), Use::training);

  // Texts are told apart by a number of their pooled vector.
  Graph graph;
  const Tensor ids = graph.input({kBatch, kTokens}, DType::u32), lengths = graph.input({kBatch}, DType::u32);
  const Tensor types = graph.input({kBatch, kTokens}, DType::u32), labels = graph.input({kBatch}, DType::u32);
  const Tensor loss = cross_entropy(scale(model(ids, lengths, types).pooled, 4), labels).loss;
  check_learns(model, graph, loss,
               {{ids, random_ids(kBatch * kTokens, 1, 13)},
                {types, random_ids(kBatch * kTokens, 2, 3)},
                {lengths, std::vector<uint32_t>{11, 4, 7, 1}},
                {labels, std::vector<uint32_t>{0, 5, 9, 15}}},
               0.2f);
}

TEST_CASE("directories of BERT that do not fit say why") {
  const TemporaryFolder folder;
  const std::filesystem::path from = kGolden / "bert";
  std::filesystem::copy(from / "model.safetensors", folder.path() / "model.safetensors");
  struct Lie {
    const char *setting, *other;
    std::vector<std::string> parts;
  };
  const Lie lies[] = {
      {R"("model_type": "bert")", R"("model_type": "roberta")", {"config.json", "\"roberta\"", "bert"}},
      {R"("is_decoder": false)", R"("is_decoder": true)", {"config.json", "is_decoder"}},
      {R"("hidden_act": "gelu")",
       R"("hidden_act": "geglu")",
       {"config.json", "hidden_act", "\"geglu\"", "gelu_new"}},
      {R"("pad_token_id": 0)",
       R"("position_embedding_type": "relative_key")",
       {"config.json", "\"relative_key\"", "absolute"}},
      {R"("num_attention_heads": 4)", R"("num_attention_heads": 5)", {"config.json", "32", "5"}},
      {R"("vocab_size": 50)",
       R"("vocab_size": 51)",
       {"model.safetensors", "\"embeddings.word_embeddings.weight\"", "(51, 32)", "(50, 32)"}},
      {R"("num_hidden_layers": 2)",
       R"("num_hidden_layers": 3)",
       {"model.safetensors", "\"encoder.layer.2.attention.output.LayerNorm.weight\""}},
  };
  for (const Lie& lie : lies) {
    INFO(lie.other);
    std::string config = read_bytes(from / "config.json");
    const size_t at = config.find(lie.setting);
    REQUIRE(at != std::string::npos);
    folder.write("config.json", config.replace(at, std::strlen(lie.setting), lie.other));
    check_bad_file([&] { Bert(device(), folder.path().string()); }, lie.parts);
  }
  const Bert model(device(), from.string());
  Graph graph;
  const Tensor lengths = graph.input({2}, DType::u32), long_texts = graph.input({2, 25}, DType::u32);
  check_rejects([&] { model(long_texts, lengths); }, {"25 tokens", "24 positions"});
  const Tensor texts = graph.input({2, 5}, DType::u32), types = graph.input({2, 4}, DType::u32);
  check_rejects([&] { model(texts, lengths, types); }, {"types (2, 4)", "(2, 5)"});
  check_rejects([&] { model(lengths, lengths); }, {"(2)", "(batch, tokens)"});
}
