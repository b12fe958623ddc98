// Directories of models that training makes: fresh ones, and what save() writes of loaded ones.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>

#include "fovea/transformer.hpp"
#include "fovea/translator.hpp"
#include "fovea/vit.hpp"
#include "io/safetensors.h"
#include "models/seq2seq/file.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::filesystem::path kGolden = FOVEA_SOURCE_DIR "/tests/golden";
constexpr Tolerance kHalf{1e-5, 1e-2};  // weights of 11 bits

std::vector<float> logits_of(VisionTransformer& model) {
  const ViTConfig& c = model.config();
  const std::vector<float> pixels = random_values(uint64_t(2 * c.channels * c.height * c.width), 1, -2, 2);
  const ViTResult result = model.run(pixels, 2);
  return result.logits.empty() ? result.embedding : result.logits;
}

std::vector<float> logits_of(const Transformer& model) {
  Graph graph;
  const Tensor source = graph.input({2, 6}, DType::u32), lengths = graph.input({2}, DType::u32);
  const Tensor inputs = graph.input({2, 5}, DType::u32);
  const uint32_t vocab = uint32_t(model.config().vocab);
  return run(graph,
             {{source, random_ids(12, 1, vocab)},
              {lengths, std::vector<uint32_t>{6, 3}},
              {inputs, random_ids(10, 2, vocab)}},
             model(source, lengths, inputs));
}

void check_same_values(const std::vector<float>& got, const std::vector<float>& want, Tolerance tolerance) {
  check_close(got, {want.begin(), want.end()}, tolerance);
}

// The tensors of a saved model are those of the file it was loaded from.
void check_same_tensors(const std::filesystem::path& saved, const std::filesystem::path& loaded) {
  const SafeTensors to(saved / "model.safetensors"), from(loaded / "model.safetensors");
  for (const std::string& name : to.names()) {
    INFO(name);
    const std::string old = from.has(name) ? name : name.substr(name.find('.') + 1);  // of a ViTModel
    const Shape shape(from.info(old).shape);
    CHECK(to.read_f32(name, shape) == from.read_f32(old, shape));
  }
}

// A copy of the tiny Marian, with another setting in its config.json.
std::filesystem::path copy_with(const TemporaryFolder& folder, const std::string& from,
                                const std::string& to) {
  const std::filesystem::path marian = kGolden / "train/marian";
  for (const char* file : {"model.safetensors", "generation_config.json"})
    std::filesystem::copy(marian / file, folder.path() / file);
  std::string config = read_bytes(marian / "config.json");
  const size_t at = config.find(from);
  REQUIRE(at != std::string::npos);
  folder.write("config.json", config.replace(at, from.size(), to));
  return folder.path();
}

double deviation(const std::vector<float>& values) {
  double squares = 0;
  for (float value : values) squares += double(value) * double(value);
  return std::sqrt(squares / double(values.size()));
}

}  // namespace

TEST_CASE("a Vision Transformer comes back from its directory as it was saved") {
  for (const char* name :
       {"vit/vit", "vit/deit-teacher", "vit/relu-oblong", "vit/gelu-new", "vit/headless", "train/vit"}) {
    INFO(name);
    const TemporaryFolder whole, half;
    VisionTransformer model(device(), (kGolden / name).string(), Use::training);
    model.save(whole.path().string());
    model.save(half.path().string(), Storage::f16);
    const std::vector<float> want = logits_of(model);
    VisionTransformer again(device(), whole.path().string(), Use::training),
        plain(device(), whole.path().string()), rounded(device(), half.path().string());
    CHECK(logits_of(again) == want);
    check_same_values(logits_of(plain), want, kProduct);
    check_same_values(logits_of(rounded), want, kHalf);
    CHECK(again.config().labels == model.config().labels);
    CHECK(again.config().activation == model.config().activation);
    CHECK(again.config().eps == model.config().eps);

    check_same_tensors(whole.path(), kGolden / name);
  }
}

TEST_CASE("a Transformer comes back from its directory as it was saved") {
  for (const char* name : {"seq2seq/marian", "train/marian", "unscaled"}) {
    INFO(name);
    const TemporaryFolder unscaled, whole, half;
    std::filesystem::path from = kGolden / name;
    if (!std::filesystem::exists(from))
      from = copy_with(unscaled, "\"scale_embedding\": true", "\"scale_embedding\": false");
    Transformer model(device(), from.string());
    model.save(whole.path().string());
    model.save(half.path().string(), Storage::f16);
    const std::vector<float> want = logits_of(model);
    const Transformer again(device(), whole.path().string()), rounded(device(), half.path().string());
    CHECK(logits_of(again) == want);
    check_same_values(logits_of(rounded), want, kHalf);
    CHECK(again.config().pad == model.config().pad);
    CHECK(again.config().eos == model.config().eos);
    CHECK(again.config().positions == model.config().positions);
    CHECK(again.config().beams == model.config().beams);
    CHECK(load_hugging_face(whole.path()).config.start == model.config().pad);  // as translation loads it
    check_same_tensors(whole.path(), from);
  }
}

TEST_CASE("a fresh Vision Transformer is its seed's, and says next to nothing") {
  for (const bool distillation : {false, true}) {
    const TemporaryFolder one, same, other;
    const ViTConfig config{.height = 12,
                           .width = 20,
                           .channels = 2,
                           .patch = 4,
                           .embedding = 32,
                           .depth = 2,
                           .heads = 4,
                           .hidden = 48,
                           .distillation = distillation,
                           .labels = {"cat", "dog", "owl"}};
    write_fresh_vit(one.path().string(), config, 5);
    write_fresh_vit(same.path().string(), config, 5);
    write_fresh_vit(other.path().string(), config, 6);
    for (const char* file : {"config.json", "model.safetensors"})
      CHECK(read_bytes(one.path() / file) == read_bytes(same.path() / file));
    CHECK(read_bytes(one.path() / "model.safetensors") != read_bytes(other.path() / "model.safetensors"));
    VisionTransformer model(device(), one.path().string(), Use::training);
    CHECK(model.config().labels == config.labels);
    CHECK(model.config().tokens() == config.tokens());
    for (float logit : logits_of(model)) CHECK(std::abs(logit) < 6);

    const SafeTensors file(one.path() / "model.safetensors");
    const std::string base = distillation ? "deit." : "vit.";
    const auto spread = [&](const std::string& name) {
      return deviation(file.read_f32(base + name, Shape(file.info(base + name).shape)));
    };
    const double glorot = std::sqrt(2.0 / (32 + 48));
    CHECK(std::abs(spread("encoder.layer.1.output.dense.weight") - glorot) < 0.05 * glorot);
    CHECK(spread("encoder.layer.1.output.dense.bias") == 0);
    CHECK(spread("layernorm.weight") == 1);
    const double positions = spread("embeddings.position_embeddings");
    CHECK((positions > 0.015 && positions < 0.02));  // 0.02 without what lies beyond two deviations
  }
}

TEST_CASE("a fresh Transformer is its seed's, and says next to nothing") {
  const TemporaryFolder one, same, other;
  const TransformerConfig config{.vocab = 33,
                                 .width = 32,
                                 .heads = 4,
                                 .hidden = 48,
                                 .encoder_layers = 1,
                                 .decoder_layers = 2,
                                 .positions = 16,
                                 .activation = Activation::silu};
  write_fresh_transformer(one.path().string(), config, 5);
  write_fresh_transformer(same.path().string(), config, 5);
  write_fresh_transformer(other.path().string(), config, 6);
  for (const char* file : {"config.json", "generation_config.json", "model.safetensors"})
    CHECK(read_bytes(one.path() / file) == read_bytes(same.path() / file));
  CHECK(read_bytes(one.path() / "model.safetensors") != read_bytes(other.path() / "model.safetensors"));
  const Transformer model(device(), one.path().string());
  CHECK(model.config().decoder_layers == 2);
  CHECK(model.config().activation == Activation::silu);
  for (float logit : logits_of(model)) CHECK(std::abs(logit) < 8);
  check_rejects([&] { write_fresh_transformer(one.path().string(), {.vocab = 2}, 1); },
                {"transformer", "vocabulary of 2"});
}

TEST_CASE("a Transformer takes a table that its file repeats, but no other") {
  const std::filesystem::path from = kGolden / "train/marian";
  const SafeTensors file(from / "model.safetensors");
  const std::string shared = "model.shared.weight";
  for (const std::string own : {"model.encoder.embed_tokens.weight", "lm_head.weight"})
    for (const bool differs : {false, true}) {
      INFO(own << (differs ? " differs" : " is the same"));
      const TemporaryFolder folder;
      for (const char* settings : {"config.json", "generation_config.json"})
        std::filesystem::copy(from / settings, folder.path() / settings);
      std::vector<std::vector<float>> values;
      std::vector<NamedTensor> tensors;
      std::vector<std::string> names = file.names();
      names.push_back(own);
      for (const std::string& name : names) {
        const Shape shape(file.info(name == own ? shared : name).shape);
        values.push_back(file.read_f32(name == own ? shared : name, shape));
        tensors.push_back({name, shape, {}});
      }
      if (differs) values.back().back() += 1;
      for (size_t i = 0; i < tensors.size(); ++i) tensors[i].data = values[i];
      write_safetensors(folder.path() / "model.safetensors", tensors);
      const auto load = [&] { return Transformer(device(), folder.path().string()); };
      if (differs) {
        check_bad_file(load, {"model.safetensors", own + " differs from " + shared});
      } else {
        CHECK(logits_of(load()) == logits_of(Transformer(device(), from.string())));
      }
    }
}

TEST_CASE("models that cannot be trained say why") {
  check_bad_file([] { Transformer(device(), (kGolden / "seq2seq/bart").string()); },
                 {"config.json", "model_type bart", "marian"});
  check_bad_file([] { Transformer(device(), (kGolden / "seq2seq/marian-relu-unscaled").string()); },
                 {"config.json", "20", "28"});
  VisionTransformer model(device(), (kGolden / "vit/vit").string());
  const TemporaryFolder folder;
  check_rejects([&] { model.save(folder.path().string()); }, {"save", "for training"});
}
