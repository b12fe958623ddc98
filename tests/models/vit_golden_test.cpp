// Small Vision Transformers made by transformers' own classes, its numbers for them (tools/make_golden), and
// copies that lie.
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "fovea/vit.hpp"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kBatch = 3;
const std::filesystem::path kGolden = FOVEA_SOURCE_DIR "/tests/golden/vit";
const char* const kVariants[] = {"vit",      "deit-teacher", "deit",     "relu-oblong",
                                 "gelu-new", "float16",      "bfloat16", "headless"};

// The recorded numbers are exact to a float. kProduct (1e-5 of the largest value) is what a few hundred
// roundings need; with erf instead of tanh GELU the same numbers differ by 6e-5 and more.
std::vector<double> recorded(const SafeTensors& file, const std::string& name, const Shape& shape) {
  const std::vector<float> values = file.read_f32(name, shape);
  return {values.begin(), values.end()};
}

std::vector<uint32_t> bits(std::span<const float> values) {
  std::vector<uint32_t> result;
  for (float value : values) result.push_back(std::bit_cast<uint32_t>(value));
  return result;
}

// `part` is the piece of `whole` that belongs to one image of the batch.
void check_same_bits(const std::vector<float>& part, const std::vector<float>& whole, int64_t image) {
  REQUIRE(part.size() * kBatch == whole.size());
  CHECK(bits(part) == bits(std::span(whole).subspan(size_t(image) * part.size(), part.size())));
}

void check_recorded(const ViTResult& result, const ViTConfig& config, const SafeTensors& expected) {
  const int64_t tokens = config.tokens(), labels = int64_t(config.labels.size());
  REQUIRE(result.logits.empty() == (labels == 0));
  if (labels > 0) {
    INFO("logits");
    check_close(result.logits, recorded(expected, "logits", {kBatch, labels}), kProduct);
  }
  REQUIRE(result.hidden_states.size() == size_t(config.depth) + 1);
  for (size_t i = 0; i < result.hidden_states.size(); ++i) {
    const std::string name = concat("hidden_states.", i);
    INFO(name);
    check_close(result.hidden_states[i], recorded(expected, name, {kBatch, tokens, config.embedding}),
                kProduct);
  }
  REQUIRE(result.attentions.size() == size_t(config.depth));
  for (size_t i = 0; i < result.attentions.size(); ++i) {
    const std::string name = concat("attentions.", i);
    INFO(name);
    check_close(result.attentions[i], recorded(expected, name, {kBatch, config.heads, tokens, tokens}),
                kProduct);
  }
}

// A copy of a variant's model for one test to falsify.
class Copy {
 public:
  explicit Copy(const std::string& variant) {
    for (const char* name : {"config.json", "model.safetensors"})
      std::filesystem::copy(kGolden / variant / name, folder_.path() / name);
  }

  // Replaces the one place where `from` stands behind `after`.
  void edit_config(const std::string& from, const std::string& to) {
    std::string text = read_bytes(folder_.path() / "config.json");
    replace(text, "", from, to);
    folder_.write("config.json", text);
  }
  void edit_tensor(const std::string& tensor, const std::string& from, const std::string& to) {
    const std::string bytes = read_bytes(folder_.path() / "model.safetensors");
    uint64_t length;
    std::memcpy(&length, bytes.data(), 8);
    std::string header = bytes.substr(8, length);
    replace(header, '"' + tensor + '"', from, to);
    length = header.size();
    std::string prefix(8, '\0');
    std::memcpy(prefix.data(), &length, 8);
    folder_.write("model.safetensors", prefix + header + bytes.substr(bytes.size() - data_bytes(bytes)));
  }

  std::string config() const { return (folder_.path() / "config.json").string(); }
  std::string model() const { return (folder_.path() / "model.safetensors").string(); }
  void check_rejected(const std::vector<std::string>& parts) const {
    check_bad_file([&] { VisionTransformer(device(), folder_.path().string()); }, parts);
  }
  void check_accepted() const { VisionTransformer(device(), folder_.path().string()); }

 private:
  static size_t data_bytes(const std::string& bytes) {
    uint64_t length;
    std::memcpy(&length, bytes.data(), 8);
    return bytes.size() - 8 - length;
  }
  static void replace(std::string& text, const std::string& after, const std::string& from,
                      const std::string& to) {
    const size_t begin = text.find(after);
    REQUIRE(begin != std::string::npos);
    const size_t place = text.find(from, begin);
    INFO("\"" << from << "\" behind \"" << after << "\"");
    REQUIRE(place != std::string::npos);
    text.replace(place, from.size(), to);
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("vision Transformers of every kind agree with transformers, in a batch and alone") {
  for (const char* variant : kVariants) {
    INFO(variant);
    VisionTransformer model(device(), (kGolden / variant).string());
    const ViTConfig& config = model.config();
    const SafeTensors expected(kGolden / variant / "expected.safetensors");
    const std::vector<float> pixels =
        expected.read_f32("pixel_values", {kBatch, config.channels, config.height, config.width});
    const ViTRequest everything{.hidden_states = true, .attentions = true};
    const ViTResult batch = model.run(pixels, kBatch, everything);
    check_recorded(batch, config, expected);

    const size_t one = pixels.size() / kBatch;
    for (int64_t image = 0; image < kBatch; ++image) {
      INFO("image " << image);
      const ViTResult alone = model.run(std::span(pixels).subspan(size_t(image) * one, one), 1, everything);
      check_same_bits(alone.logits, batch.logits, image);
      for (size_t i = 0; i < batch.hidden_states.size(); ++i)
        check_same_bits(alone.hidden_states[i], batch.hidden_states[i], image);
      for (size_t i = 0; i < batch.attentions.size(); ++i)
        check_same_bits(alone.attentions[i], batch.attentions[i], image);
    }
  }
  CHECK(device().validation_messages().empty());
}

TEST_CASE("what is asked for beside the logits does not change them") {
  for (const char* variant : {"vit", "deit-teacher"}) {
    INFO(variant);
    VisionTransformer model(device(), (kGolden / variant).string());
    const ViTConfig& config = model.config();
    const SafeTensors expected(kGolden / variant / "expected.safetensors");
    const std::vector<float> pixels =
        expected.read_f32("pixel_values", {kBatch, config.channels, config.height, config.width});
    const ViTResult bare = model.run(pixels, kBatch);
    CHECK(bare.hidden_states.empty());
    CHECK(bare.attentions.empty());
    const ViTResult full = model.run(pixels, kBatch, {.hidden_states = true, .attentions = true});
    CHECK(bits(bare.logits) == bits(full.logits));
  }
  CHECK(device().validation_messages().empty());
}

TEST_CASE("a Vision Transformer without classifier gives its last normalised states") {
  VisionTransformer model(device(), (kGolden / "headless").string());
  const ViTConfig& config = model.config();
  const SafeTensors expected(kGolden / "headless/expected.safetensors");
  const Shape image{kBatch, config.channels, config.height, config.width};
  Graph graph;
  const Tensor pixels = graph.input(image);
  const ViTTensors result = model(pixels);
  CHECK_FALSE(result.logits);
  const std::vector<float> values = expected.read_f32("pixel_values", image);
  const std::vector<double> want =
      recorded(expected, "last_hidden_state", {kBatch, config.tokens(), config.embedding});
  check_close(run(graph, {{pixels, values}}, result.embedding), want, kProduct);
  check_close(model.run(values, kBatch).embedding, want, kProduct);
}

TEST_CASE("the settings of a Vision Transformer are read from its directory") {
  const auto config = [](const char* variant) {
    return VisionTransformer(device(), (kGolden / variant).string()).config();
  };
  const ViTConfig named = config("gelu-new");
  CHECK(named.labels == std::vector<std::string>{"tench", "goldfish", "great white shark"});
  CHECK(named.activation == Activation::gelu_tanh);
  CHECK(named.eps == 1e-6f);
  const ViTConfig oblong = config("relu-oblong");
  CHECK(oblong.height == 12);
  CHECK(oblong.width == 20);
  CHECK(oblong.tokens() == 16);
  CHECK(oblong.activation == Activation::relu);
  CHECK(oblong.labels.size() == 7);
  CHECK(oblong.labels[6] == "LABEL_6");
  CHECK(config("deit").channels == 1);
  CHECK(config("deit").distillation);
  CHECK(config("deit").tokens() == 6);
  CHECK_FALSE(config("vit").distillation);
  CHECK(config("headless").labels.empty());
}

namespace {

struct SettingLie {
  const char *variant, *from, *to;
  std::vector<std::string> parts;  // of the message, beside the name of config.json
};
const SettingLie kSettingLies[] = {
    {"vit", R"("model_type": "vit")", R"("model_type": "swin")", {"model_type", "\"swin\"", "vit and deit"}},
    {"vit",
     R"("hidden_act": "gelu")",
     R"("hidden_act": "mish")",
     {"hidden_act", "\"mish\"", "gelu_new", "relu"}},
    {"vit",
     R"("num_attention_heads": 2)",
     R"("num_attention_heads": 3)",
     {"hidden_size 16", "num_attention_heads 3"}},
    {"vit",
     R"("num_attention_heads": 2)",
     R"("num_attention_heads": 8)",
     {"hidden_size 16", "num_attention_heads 8", "2 each", "multiples of 4 up to 256"}},
    {"vit",
     R"("num_attention_heads": 2)",
     R"("num_attention_heads": 0)",
     {"num_attention_heads", ">= 1", "got 0"}},
    {"vit", R"("patch_size": 4)", R"("patch_size": 5)", {"image_size 16 x 16", "patch_size 5"}},
    {"relu-oblong", R"("patch_size": 4)", R"("patch_size": 6)", {"image_size 12 x 20", "patch_size 6"}},
    {"vit", R"("patch_size": 4)", R"("patch_size": [4, 2])", {"patch_size 4 x 2", "square"}},
    {"vit", R"("image_size": 16)", R"("image_size": 0)", {"image_size 0"}},
    {"vit",
     R"("num_hidden_layers": 2)",
     R"("num_hidden_layers": 1)",
     {"num_hidden_layers 1", "model.safetensors", "2 layers"}},
    {"vit",
     R"("num_hidden_layers": 2)",
     R"("num_hidden_layers": 3)",
     {"num_hidden_layers 3", "model.safetensors", "2 layers"}},
    {"vit",
     R"("qkv_bias": true)",
     R"("qkv_bias": false)",
     {"qkv_bias false", "model.safetensors",
      "\"vit.encoder.layer.0.attention.attention.query.bias\" exists"}},
    {"relu-oblong",
     R"("qkv_bias": false)",
     R"("qkv_bias": true)",
     {"qkv_bias true", "model.safetensors",
      "\"vit.encoder.layer.0.attention.attention.query.bias\" is missing"}},
    {"vit", R"("4": "LABEL_4")", R"("5": "LABEL_4")", {"id2label", "from 0 to 4", "\"5\""}},
    {"vit", R"("layer_norm_eps": 1e-12)", R"("layer_norm_eps": -1)", {"layer_norm_eps", ">= 0", "got -1"}},
    {"vit", R"("hidden_size": 16)", R"("hidden_size": 1048576)", {"hidden_size 1048576", "524288 each"}},
    {"vit", R"("hidden_size": 16)", R"("hidden_size": "16")", {"hidden_size", "an integer", "\"16\""}},
};

}  // namespace

TEST_CASE("settings that lie are rejected with file, key and both sides") {
  for (const SettingLie& lie : kSettingLies) {
    INFO(lie.variant << ": " << lie.to);
    Copy copy(lie.variant);
    copy.edit_config(lie.from, lie.to);
    std::vector<std::string> parts = lie.parts;
    parts.push_back(copy.config());
    copy.check_rejected(parts);
  }
}

TEST_CASE("sizes that are not those of the tensors are rejected with file, tensor and both shapes") {
  struct Lie {
    const char *variant, *from, *to;
    std::vector<std::string> parts;  // of the message, beside the name of model.safetensors
  };
  const Lie lies[] = {
      {"vit",
       R"("hidden_size": 16)",
       R"("hidden_size": 32)",
       {"\"classifier.weight\"", "(labels, 32)", "(5, 16)"}},
      {"headless",
       R"("hidden_size": 16)",
       R"("hidden_size": 32)",
       {"\"embeddings.cls_token\"", "(1, 1, 32)", "(1, 1, 16)"}},
      {"vit",
       R"("intermediate_size": 32)",
       R"("intermediate_size": 48)",
       {"\"vit.encoder.layer.0.intermediate.dense.weight\"", "(48, 16)", "(32, 16)"}},
      {"vit",
       R"("image_size": 16)",
       R"("image_size": 20)",
       {"\"vit.embeddings.position_embeddings\"", "(1, 26, 16)", "(1, 17, 16)"}},
      {"vit",
       R"("image_size": 16)",
       R"("image_size": 65536)",
       {"\"vit.embeddings.position_embeddings\"", "(1, 268435457, 16)", "(1, 17, 16)"}},
      {"vit",
       R"("patch_size": 4)",
       R"("patch_size": 8)",
       {"\"vit.embeddings.position_embeddings\"", "(1, 5, 16)", "(1, 17, 16)"}},
      {"vit",
       R"("num_channels": 3)",
       R"("num_channels": 1)",
       {"\"vit.embeddings.patch_embeddings.projection.weight\"", "(16, 1, 4, 4)", "(16, 3, 4, 4)"}},
  };
  for (const Lie& lie : lies) {
    INFO(lie.variant << ": " << lie.to);
    Copy copy(lie.variant);
    copy.edit_config(lie.from, lie.to);
    std::vector<std::string> parts = lie.parts;
    parts.push_back(copy.model());
    copy.check_rejected(parts);
  }
}

TEST_CASE("a missing tensor is rejected with file and name") {
  struct Gap {
    const char *variant, *tensor;
    std::vector<std::string> parts;
  };
  const Gap gaps[] = {
      {"vit", "vit.embeddings.cls_token", {}},
      {"vit", "vit.embeddings.patch_embeddings.projection.bias", {}},
      {"vit", "vit.encoder.layer.1.attention.attention.key.bias", {"qkv_bias true"}},
      {"vit", "vit.encoder.layer.1.layernorm_before.weight", {}},
      {"vit", "vit.encoder.layer.1.output.dense.bias", {}},
      {"vit", "vit.layernorm.bias", {}},
      {"vit", "classifier.weight", {}},
      {"vit", "classifier.bias", {}},
      {"deit-teacher", "cls_classifier.weight", {}},
      {"deit-teacher", "distillation_classifier.bias", {}},
      {"headless", "encoder.layer.0.attention.output.dense.weight", {}},
  };
  for (const Gap& gap : gaps) {
    INFO(gap.variant << " without " << gap.tensor);
    Copy copy(gap.variant);
    copy.edit_tensor(gap.tensor, gap.tensor, std::string("x.") + gap.tensor);
    std::vector<std::string> parts = gap.parts;
    parts.push_back(copy.model());
    parts.push_back('"' + std::string(gap.tensor) + '"');
    copy.check_rejected(parts);
  }
  // Without a distillation token there is one position too many.
  Copy copy("deit");
  copy.edit_tensor("deit.embeddings.distillation_token", "deit.embeddings.d", "deit.embeddings.x");
  copy.check_rejected({copy.model(), "\"deit.embeddings.position_embeddings\"", "(1, 5, 16)", "(1, 6, 16)"});
}

TEST_CASE("a tensor of the wrong shape or type is rejected with file, name and both sides") {
  struct Lie {
    const char *variant, *tensor, *from, *to;
    std::vector<std::string> parts;
  };
  const Lie lies[] = {
      {"vit",
       "vit.encoder.layer.1.intermediate.dense.weight",
       "[32,16]",
       "[16,32]",
       {"(32, 16)", "(16, 32)"}},
      {"vit", "vit.embeddings.position_embeddings", "[1,17,16]", "[17,16]", {"(1, 17, 16)", "(17, 16)"}},
      {"vit", "vit.layernorm.weight", "[16]", "[4,4]", {"(16)", "(4, 4)"}},
      {"vit", "classifier.weight", "[5,16]", "[80]", {"(labels, 16)", "(80)"}},
      {"vit", "classifier.weight", "[5,16]", "[10,8]", {"(labels, 16)", "(10, 8)"}},
      {"deit-teacher", "distillation_classifier.weight", "[4,16]", "[16,4]", {"(4, 16)", "(16, 4)"}},
      {"vit", "vit.encoder.layer.0.attention.attention.key.bias", "F32", "I32", {"F32, F16 or BF16", "I32"}},
  };
  for (const Lie& lie : lies) {
    INFO(lie.variant << ": " << lie.tensor << " " << lie.to);
    Copy copy(lie.variant);
    copy.edit_tensor(lie.tensor, lie.from, lie.to);
    std::vector<std::string> parts = lie.parts;
    parts.push_back(copy.model());
    parts.push_back('"' + std::string(lie.tensor) + '"');
    copy.check_rejected(parts);
  }
  // A million million labels of no width take no bytes in the file.
  Copy copy("vit");
  copy.edit_tensor(
      "classifier.weight", "classifier.weight\"",
      R"(classifier.weight":{"dtype":"F32","shape":[1000000000000,0],"data_offsets":[0,0]},"rest")");
  copy.check_rejected({copy.model(), "\"classifier.weight\"", "(labels, 16)", "(1000000000000, 0)"});
}

TEST_CASE("tensors and settings that a Vision Transformer does not need are passed over") {
  Copy copy("headless");  // it has a pooler
  copy.edit_config(R"("hidden_act": "gelu")", R"("hidden_act": "gelu", "unknown": [1, {}])");
  copy.check_accepted();
}

TEST_CASE("pixels of another size than the model's are rejected with both") {
  VisionTransformer model(device(), (kGolden / "relu-oblong").string());
  const std::vector<float> pixels(3 * 12 * 20);
  check_rejects([&] { model.run(pixels, 2); }, {"720", "1440"});
  check_rejects([&] { model.run({}, 0); }, {"batch of 0"});
  Graph graph;
  check_rejects([&] { model(graph.input({1, 3, 20, 12})); }, {"(1, 3, 20, 12)", "3, 12, 20"});
}
