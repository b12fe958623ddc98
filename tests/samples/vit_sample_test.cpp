// The program vit, from the command line to its exit status.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "fovea/image.hpp"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/models.h"
#include "support/page.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path kImages = FOVEA_SOURCE_DIR "/samples/images";

Outcome vit(const std::vector<std::string>& arguments) { return run_program("vit", arguments); }

// One layer with random weights: image 32, patch 16, width 8, 2 heads. No preprocessor_config.json.
fs::path tiny_model(const TemporaryFolder& folder, int64_t labels) {
  folder.write("config.json", R"({"model_type": "vit", "image_size": 32, "patch_size": 16, "hidden_size": 8,
    "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "qkv_bias": false})");
  const std::string layer = "vit.encoder.layer.0.", attention = layer + "attention.";
  std::vector<std::pair<std::string, Shape>> tensors{
      {"vit.embeddings.cls_token", {1, 1, 8}},
      {"vit.embeddings.position_embeddings", {1, 5, 8}},
      {"vit.embeddings.patch_embeddings.projection.weight", {8, 3, 16, 16}},
      {"vit.embeddings.patch_embeddings.projection.bias", {8}},
      {attention + "attention.query.weight", {8, 8}},
      {attention + "attention.key.weight", {8, 8}},
      {attention + "attention.value.weight", {8, 8}},
      {attention + "output.dense.weight", {8, 8}},
      {attention + "output.dense.bias", {8}},
      {layer + "intermediate.dense.bias", {16}},
      {layer + "output.dense.bias", {8}},
      {layer + "intermediate.dense.weight", {16, 8}},
      {layer + "output.dense.weight", {8, 16}}};
  for (const std::string& norm :
       {layer + "layernorm_before", layer + "layernorm_after", std::string("vit.layernorm")})
    for (const char* part : {".weight", ".bias"}) tensors.push_back({norm + part, {8}});
  if (labels > 0) {
    tensors.push_back({"classifier.weight", {labels, 8}});
    tensors.push_back({"classifier.bias", {labels}});
  }
  std::vector<std::vector<float>> values;
  std::vector<NamedTensor> named;
  for (const auto& [name, shape] : tensors)
    values.push_back(random_values(shape.elements(), uint32_t(values.size()), -0.5f, 0.5f));
  for (size_t i = 0; i < tensors.size(); ++i)
    named.push_back({tensors[i].first, tensors[i].second, values[i]});
  write_safetensors(folder.path() / "model.safetensors", named);
  return folder.path();
}

std::vector<int64_t> top5(const std::vector<float>& logits) {
  std::vector<int64_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater(), [&](int64_t i) { return logits[size_t(i)]; });
  order.resize(5);
  return order;
}

double worst_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double(a[i]) - b[i]));
  return worst;
}

// One line of --json --logits against the numbers of PyTorch.
void check_line(const json& line, const std::vector<float>& reference) {
  std::set<std::string> keys;
  for (const auto& [key, value] : line.items()) keys.insert(key);
  CHECK(keys == std::set<std::string>{"image", "top", "logits", "device", "milliseconds"});
  CHECK(!line["device"].get<std::string>().empty());
  CHECK(line["milliseconds"].get<double>() > 0);
  const auto logits = line["logits"].get<std::vector<float>>();
  CHECK(worst_difference(logits, reference) < 0.05);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double(logit));
  std::vector<int64_t> order;
  for (const json& each : line["top"]) {
    CHECK(each.size() == 4);
    order.push_back(each["index"]);
    const float logit = logits[size_t(order.back())];
    CHECK(each["logit"].get<float>() == logit);
    CHECK(std::abs(each["probability"].get<double>() - std::exp(double(logit)) / sum) < 1e-9);
    CHECK(each["label"].is_string());
  }
  CHECK(order == top5(reference));
}

// As large as the image, nowhere brighter, darkest in the corners, with its own light somewhere.
void check_overlay(const fs::path& file, const Image& image) {
  const Image lit = load_image(file);
  REQUIRE((lit.width == image.width && lit.height == image.height));
  bool brighter = false;
  double most = 0, sum = 0;
  for (size_t i = 0; i < lit.rgb.size(); ++i) {
    brighter = brighter || lit.rgb[i] > image.rgb[i];
    if (image.rgb[i] >= 50) most = std::max(most, double(lit.rgb[i]) / image.rgb[i]);
    sum += lit.rgb[i];
  }
  CHECK(!brighter);
  CHECK(most > 0.9);
  CHECK(sum < 0.75 * std::accumulate(image.rgb.begin(), image.rgb.end(), 0.0));
  CHECK(lit.rgb[0] <= 0.25 * image.rgb[0] + 1);
}

}  // namespace

TEST_CASE("vit answers the four images as PyTorch does, from their files") {
  const TemporaryFolder folder;
  const fs::path model = model_to_test("deit-tiny-patch16-224");
  const SafeTensors reference(model / "reference.safetensors");  // PyTorch's numbers
  const std::vector<fs::path> images{kImages / "coffee.png", kImages / "chelsea.png",
                                     kImages / "astronaut.png", kImages / "rocket.jpg"};
  const std::string overlays = (folder.path() / "lit.png").string();
  std::vector<std::string> arguments{"--model",  model.string(), "--json",
                                     "--logits", "--attention",  overlays};
  for (const fs::path& image : images) arguments.push_back(image.string());
  const Outcome one = vit(arguments);
  INFO(one.err);
  REQUIRE(one.status == 0);
  const std::vector<json> lines = one.objects();
  REQUIRE(lines.size() == 4);
  for (size_t i = 0; i < 4; ++i) {
    const std::string stem = images[i].stem().string();
    INFO(stem);
    CHECK(lines[i]["image"] == images[i].string());
    check_line(lines[i], reference.read_f32(stem + ".logits", {1000}));
    check_overlay(folder.path() / ("lit-" + stem + ".png"), load_image(images[i]));
  }
  CHECK(lines[0]["top"][0]["label"] == "espresso");
  CHECK(lines[1]["top"][0]["label"] == "Egyptian cat");

  // The same in batches, the last one half full, with a file among them that is no image.
  const fs::path bad = folder.write("bad.png", "not an image");
  const Outcome two = vit({"--model", model.string(), "--json", "--logits", "--batch", "2",
                           images[0].string(), bad.string(), images[1].string(), images[2].string()});
  CHECK(two.status == 1);
  CHECK(contains(two.err, bad.string()));
  const std::vector<json> batched = two.objects();
  REQUIRE(batched.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(batched[i]["image"] == lines[i]["image"]);
    CHECK(worst_difference(batched[i]["logits"], lines[i]["logits"]) < 1e-4);
  }
}

TEST_CASE("vit prints name, classes, device and time, and the overlay of one layer") {
  const TemporaryFolder folder, models;
  const std::string model = tiny_model(models, 3).string(), image = (kImages / "coffee.png").string();
  const fs::path overlay = folder.path() / "one.png", page = folder.path() / "page.html";
  const Outcome got = vit({"--model", model, "--top", "2", "--attention", overlay.string(), "--layer", "1",
                           "--page", page.string(), image});
  INFO(got.err);
  REQUIRE(got.status == 0);
  std::istringstream in(got.out);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == image);
  CHECK(contains(lines[1], "%  LABEL_"));
  CHECK(contains(lines[2], "%  LABEL_"));
  CHECK(lines[3].ends_with(" ms"));
  const Image lit = load_image(overlay);
  CHECK((lit.width == 600 && lit.height == 400));
  const json views = page_data(read_bytes(page))["views"];
  REQUIRE(views.size() == 1);
  CHECK(views[0]["title"] == "coffee.png");
  CHECK((views[0]["blocks"][0]["rows"] == 2 && views[0]["blocks"][0]["columns"] == 2));
}

TEST_CASE("vit goes on after images it cannot read, whatever their names") {
  const TemporaryFolder folder, models;
  const std::string model = tiny_model(models, 3).string();
  const fs::path odd = folder.path() / "caf\xe9.png", good = kImages / "chelsea.png";
  std::error_code refused;
  fs::copy_file(good, odd, refused);
  if (refused) SKIP("names are UTF-8 here");
  const std::string missing = (folder.path() / "missing.jpg").string();
  const Outcome got = vit({"--model", model, "--json", missing, odd.string(), good.string()});
  CHECK(got.status == 1);
  CHECK(contains(got.err, missing));
  REQUIRE(got.objects().size() == 2);
  CHECK(contains(got.objects()[0]["image"].get<std::string>(), "caf\xef\xbf\xbd.png"));
  CHECK(got.objects()[1]["top"].size() == 3);
  CHECK(!got.objects()[1].contains("logits"));
  CHECK(vit({"--model", model, missing}).status == 1);
}

TEST_CASE("vit says what is wrong with its arguments") {
  const TemporaryFolder folder, models;
  const std::string model = tiny_model(models, 3).string(), image = (kImages / "coffee.png").string();
  const std::string nowhere = (folder.path() / "nowhere").string();
  const std::vector<std::vector<std::string>> wrong{
      {"--model", model},
      {"--model", model, "--no-such-option", image},
      {"--model", model, "--top", "0", image},
      {"--model", model, "--top", "many", image},
      {"--model", model, "--batch", "-1", image},
      {"--model", model, "--logits", image},
      {"--model", model, "--layer", "1", image},
      {"--model", model, "--attention", "out.jpg", image},
      {"--model", model, "--attention", "out.png", "--layer", "0", image},
      {"--model", model, "--attention", "out.png", "--layer", "2", image},
      {"--model", model, "--attention", "out.png", image, image},
      {"--model", nowhere, image}};
  for (const std::vector<std::string>& arguments : wrong) {
    CAPTURE(arguments);
    const Outcome got = vit(arguments);
    CHECK(got.status == 2);
    CHECK(got.out.empty());
    CHECK(!got.err.empty());
  }
  CHECK(contains(vit(wrong.back()).err, nowhere));
  const Outcome help = vit({"--help"});
  CHECK(help.status == 0);
  CHECK(contains(help.out, "OUT-<stem>.png"));
}

TEST_CASE("vit needs a classifier") {
  const TemporaryFolder models;
  const std::string model = tiny_model(models, 0).string();
  const Outcome got = vit({"--model", model, (kImages / "coffee.png").string()});
  CHECK(got.status == 1);
  CHECK(contains(got.err, "without a classifier"));
}
