// Small convolutional networks beside PyTorch's numbers for them (tools/make_golden_conv): inferring with
// norms folded and apart, by the batch's statistics, saved and loaded again, fresh, in training.
#include "fovea/cnn.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "io/safetensors.h"
#include "support/check.h"
#include "support/gradient.h"
#include "support/learning.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

namespace fs = std::filesystem;

const fs::path kGolden = FOVEA_SOURCE_DIR "/tests/golden/conv";
constexpr int64_t kBatch = 3, kSize = 9, kLabels = 4;

std::vector<float> recorded(const SafeTensors& file, const std::string& name) {
  return file.read_f32(name, Shape(file.info(name).shape));
}

void check_result(const CnnResult& made, const SafeTensors& expected) {
  check_close(made.logits, widened(recorded(expected, "logits")), kProduct);
  for (size_t i = 0; i < made.attention.size(); ++i)
    check_close(made.attention[i], widened(recorded(expected, concat("attention.", i))), kProduct);
  CHECK(!expected.has(concat("attention.", made.attention.size())));
}

template <class Model>
void check_golden(const char* type) {
  INFO(type);
  const fs::path directory = kGolden / type;
  const SafeTensors expected(directory / "expected.safetensors");
  const std::vector<float> pixels = recorded(expected, "pixels");
  Model folded(device(), directory.string()), apart(device(), directory.string(), Use::training);
  check_result(folded.run(pixels, kBatch, true), expected);
  check_result(apart.run(pixels, kBatch, true), expected);
  CHECK(folded.run(pixels, kBatch).attention.empty());

  Graph graph;
  const Tensor x = graph.input({kBatch, 3, kSize, kSize}), logits = apart(x, Use::training).logits;
  Plan plan(device(), graph, {logits}, {.guards = true});
  plan.write(x, pixels);
  plan.run();
  check_close(plan.read(logits), widened(recorded(expected, "training.logits")), kProduct);
  CHECK(plan.guards_intact());

  const TemporaryFolder folder;
  apart.save(folder.path().string());
  const SafeTensors saved(folder.path() / "model.safetensors"), loaded(directory / "model.safetensors");
  CHECK(saved.names() == loaded.names());
  for (const std::string& name : saved.names()) {
    INFO(name);
    if (contains(name, ".running_")) {
      check_close(recorded(saved, name), widened(recorded(expected, name)), kProduct);
    } else {
      CHECK(recorded(saved, name) == recorded(loaded, name));
    }
  }
  CHECK(read_bytes(folder.path() / "config.json") == read_bytes(directory / "config.json"));
  Model again(device(), folder.path().string());
  check_close(again.run(pixels, kBatch).logits, widened(apart.run(pixels, kBatch).logits), kProduct);
  check_rejects([&] { again.save(folder.path().string()); }, {"save", type, "for training"});
  check_rejects([&] { again(x, Use::training); }, {"folded"});
  check_rejects([&] { again(graph.input({2, 3, 8, 9})); }, {type, "(2, 3, 8, 9)", "9, 9"});
  CHECK(device().validation_messages().empty());
}

template <class Model>
void check_images_are_learnt(const fs::path& directory) {
  Model model(device(), directory.string(), Use::training);
  constexpr int64_t kImages = 8;
  Graph graph;
  const Tensor x = graph.input({kImages, 3, 8, 8}), labels = graph.input({kImages}, DType::u32);
  const Tensor loss = cross_entropy(model(x, Use::training).logits, labels).loss;
  check_learns(model, graph, loss,
               {{x, random_values(x.shape().elements(), 1)}, {labels, random_ids(kImages, 2, kLabels)}},
               0.3f);
}

const std::vector<std::string> kNames{"zero", "one", "two", "three"};

}  // namespace

TEST_CASE("cnn_gate agrees with PyTorch, folded, apart and by the batch") {
  check_golden<CnnGate>("cnn_gate");
}

TEST_CASE("se_resnet agrees with PyTorch, folded, apart and by the batch") {
  check_golden<SeResNet>("se_resnet");
}

TEST_CASE("fresh convolutional networks are their seed's, and every parameter of them learns") {
  for (const bool attends : {true, false}) {
    const TemporaryFolder one, two, three;
    const CnnGateConfig config{.size = 8, .width = 8, .stages = 2, .gate = attends, .labels = kNames};
    write_fresh_cnn_gate(one.path().string(), config, 3);
    write_fresh_cnn_gate(two.path().string(), config, 3);
    CHECK(read_bytes(one.path() / "model.safetensors") == read_bytes(two.path() / "model.safetensors"));
    check_images_are_learnt<CnnGate>(one.path());
    write_fresh_se_resnet(three.path().string(),
                          {.size = 8, .width = 8, .stages = 2, .excitation = attends, .labels = kNames}, 3);
    check_images_are_learnt<SeResNet>(three.path());
  }
}

TEST_CASE("directories of convolutional networks that do not fit say why") {
  const TemporaryFolder folder;
  struct Lie {
    const char *type, *setting, *other;
    std::vector<std::string> parts;
  };
  const Lie lies[] = {
      {"cnn_gate", R"("cnn_gate")", R"("vit")", {"config.json", "\"vit\"", "cnn_gate"}},
      {"cnn_gate", R"("image_size": 9)", R"("image_size": 3)", {"config.json", "3", "halved 2"}},
      {"cnn_gate", R"("width": 8)", R"("width": 0)", {"config.json", "width", "0"}},
      {"cnn_gate",
       R"("width": 8)",
       R"("width": 16)",
       {"model.safetensors", "\"stage.0.trunk.conv.weight\"", "(16, 3"}},
      {"cnn_gate", R"("id2label")", R"("labels")", {"config.json", "no labels"}},
      {"se_resnet",
       R"("blocks": 2)",
       R"("blocks": 3)",
       {"model.safetensors", "\"stage.0.2.first.conv.weight\""}},
      {"se_resnet", R"("reduction": 3)", R"("reduction": 0)", {"config.json", "reduction", "0"}},
      {"se_resnet",
       R"("reduction": 3)",
       R"("reduction": 4)",
       {"model.safetensors", "excitation.down.weight"}},
  };
  for (const Lie& lie : lies) {
    INFO(lie.other);
    const fs::path from = kGolden / lie.type;
    fs::copy_file(from / "model.safetensors", folder.path() / "model.safetensors",
                  fs::copy_options::overwrite_existing);
    std::string config = read_bytes(from / "config.json");
    const size_t at = config.find(lie.setting);
    REQUIRE(at != std::string::npos);
    folder.write("config.json", config.replace(at, std::strlen(lie.setting), lie.other));
    const std::string directory = folder.path().string();
    if (lie.type == std::string("cnn_gate")) check_bad_file([&] { CnnGate(device(), directory); }, lie.parts);
    if (lie.type == std::string("se_resnet"))
      check_bad_file([&] { SeResNet(device(), directory); }, lie.parts);
  }
}

TEST_CASE("convolutional networks that could not be loaded are not written") {
  const TemporaryFolder folder;
  const std::string directory = folder.path().string();
  check_rejects([&] { write_fresh_cnn_gate(directory, {}, 1); }, {"write_fresh_cnn_gate", "no labels"});
  check_rejects([&] { write_fresh_se_resnet(directory, {.blocks = 0, .labels = kNames}, 1); },
                {"write_fresh_se_resnet", "blocks 0"});
  check_rejects([&] { write_fresh_se_resnet(directory, {.reduction = 1 << 17, .labels = kNames}, 1); },
                {"write_fresh_se_resnet", "reduction 131072"});
  for (const int64_t width : {65537, 0}) {
    const std::string said = "width " + std::to_string(width);
    check_rejects([&] { write_fresh_cnn_gate(directory, {.width = width, .labels = kNames}, 1); }, {said});
    check_rejects([&] { write_fresh_se_resnet(directory, {.width = width, .labels = kNames}, 1); }, {said});
  }
  check_rejects([&] { write_fresh_cnn_gate(directory, {.size = 16385, .labels = kNames}, 1); },
                {"image_size 16385"});
  check_rejects([&] { write_fresh_cnn_gate(directory, {.channels = 65537, .labels = kNames}, 1); },
                {"num_channels 65537"});
  // A stage of cnn_gate halves the image, of se_resnet every one but the first.
  check_rejects([&] { write_fresh_cnn_gate(directory, {.size = 4, .stages = 3, .labels = kNames}, 1); },
                {"image_size 4", "3 times"});
  check_rejects([&] { write_fresh_se_resnet(directory, {.size = 4, .stages = 4, .labels = kNames}, 1); },
                {"image_size 4", "3 times"});
  write_fresh_se_resnet(directory, {.size = 4, .width = 4, .stages = 3, .labels = kNames}, 1);
  SeResNet smallest(device(), directory);
  CHECK(smallest.run(random_values(48, 1), 1).logits.size() == kNames.size());
}
