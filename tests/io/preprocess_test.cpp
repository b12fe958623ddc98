#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <map>

#include "fovea/image.hpp"
#include "io/crc32.h"
#include "io/safetensors.h"
#include "support/models.h"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::bad_file;
using test::contains;
using test::model_to_test;
using test::rejection;
using test::TemporaryFolder;

const std::filesystem::path kSamples = FOVEA_SOURCE_DIR "/samples/images";

// The preprocessor that a folder with this preprocessor_config.json gives.
Preprocessor load(const TemporaryFolder& folder, const std::string& config) {
  folder.write("preprocessor_config.json", config);
  return Preprocessor::load(folder.path());
}

uint32_t crc_of(const std::vector<float>& values) { return crc32(std::as_bytes(std::span(values))); }

const std::string kDeiT = R"({"feature_extractor_type": "DeiTFeatureExtractor", "size": 256, "resample": 3,
  "do_center_crop": true, "crop_size": 224, "rescale_factor": 0.00392156862745098,
  "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]})";

TEST_CASE("preprocess: DeiT's settings") {
  const TemporaryFolder folder;
  const Preprocessor steps = load(folder, kDeiT);
  CHECK(steps.do_resize);
  CHECK(steps.shortest_edge == 256);
  CHECK(steps.round_long_edge);
  CHECK(steps.resample == Resample::bicubic);
  CHECK(steps.do_center_crop);
  CHECK(steps.width() == 224);
  CHECK(steps.height() == 224);
  CHECK(steps.mean == std::array{0.485f, 0.456f, 0.406f});
  CHECK(steps.std == std::array{0.229f, 0.224f, 0.225f});
}

TEST_CASE("preprocess: ViT's settings, spelled and by default") {
  const TemporaryFolder folder;
  for (const std::string config :
       {R"({})", R"({"image_processor_type": "ViTImageProcessor", "size": 224})",
        R"({"image_processor_type": "ViTImageProcessorFast", "size": {"height": 224, "width": 224}})",
        R"({"feature_extractor_type": "ViTFeatureExtractor", "size": 224, "image_mean": [0.5, 0.5, 0.5]})",
        R"({"size": null, "image_mean": 0.5, "image_std": 0.5, "do_center_crop": null})"}) {
    INFO(config);
    const Preprocessor steps = load(folder, config);
    CHECK(steps.do_resize);
    CHECK(steps.shortest_edge == 0);
    CHECK(steps.resize_width == 224);
    CHECK(steps.resize_height == 224);
    CHECK(steps.resample == Resample::bilinear);
    CHECK_FALSE(steps.do_center_crop);
    CHECK(steps.rescale_factor == 1.0 / 255);
    CHECK(steps.mean == std::array{0.5f, 0.5f, 0.5f});
    CHECK(steps.std == std::array{0.5f, 0.5f, 0.5f});
  }
}

TEST_CASE("preprocess: the ways to say a size") {
  const TemporaryFolder folder;
  const Preprocessor wide = load(folder, R"({"size": {"height": 100, "width": 200}})");
  CHECK(wide.resize_height == 100);
  CHECK(wide.resize_width == 200);
  const Preprocessor dino = load(folder, R"({"image_processor_type": "BitImageProcessor", "image_mean": 0.5,
      "image_std": 0.5, "size": {"shortest_edge": 256}, "crop_size": {"height": 180, "width": 200}})");
  CHECK(dino.shortest_edge == 256);
  CHECK_FALSE(dino.round_long_edge);
  CHECK(dino.do_center_crop);
  CHECK(dino.height() == 180);
  CHECK(dino.width() == 200);
  const Preprocessor square = load(folder, R"({"image_processor_type": "DeiTImageProcessor",
      "size": {"height": 256, "width": 256}})");
  CHECK(square.shortest_edge == 0);
  CHECK(square.resize_width == 256);
  CHECK(square.width() == 224);
}

// The CRCs are of what Pillow 12.3 and numpy make of the images; for coffee:
//   a = numpy.asarray(Image.open("coffee.png").resize((384, 256), 3))[16:240, 80:304]
//   v = ((a.astype("f4") / float32(255) - mean) / std).transpose(2, 0, 1)
TEST_CASE("preprocess: the pixels of the sample images, to the bit") {
  const TemporaryFolder folder;
  const Preprocessor deit = load(folder, kDeiT);
  const std::vector<float> coffee = deit.pixels(load_image(kSamples / "coffee.png"));
  REQUIRE(coffee.size() == 3 * 224 * 224);
  CHECK(coffee[0] == 0.6220567226409912f);
  CHECK(coffee[(1 * 224 + 100) * 224 + 50] == -1.755602240562439f);
  CHECK(coffee.back() == -1.089847445487976f);
  CHECK(crc_of(coffee) == 0xe2272f6e);

  const Image chelsea = load_image(kSamples / "chelsea.png");  // 451 x 300: the longer side becomes 384.85
  CHECK(crc_of(deit.pixels(chelsea)) == 0x6adf8834);           // 385
  Preprocessor down = deit;
  down.round_long_edge = false;
  CHECK(crc_of(down.pixels(chelsea)) == 0x4c1b104c);  // 384

  const Preprocessor vit = Preprocessor::vit();
  CHECK(crc_of(vit.pixels(load_image(kSamples / "coffee.png"))) == 0x1a9d3936);
  CHECK(crc_of(vit.pixels(chelsea)) == 0xd094d100);
  CHECK(crc_of(vit.pixels(load_image(kSamples / "astronaut.png"))) == 0x7710c02c);
}

TEST_CASE("preprocess: steps that are switched off") {
  const TemporaryFolder folder;
  const Image image{2, 1, {0, 51, 255, 10, 20, 30}};
  const std::string size = R"("do_resize": false, "size": {"height": 1, "width": 2})";
  CHECK(load(folder, "{" + size + R"(, "do_normalize": false, "do_rescale": false})").pixels(image) ==
        std::vector<float>{0, 10, 51, 20, 255, 30});
  CHECK(load(folder, "{" + size + R"(, "do_normalize": false, "rescale_factor": 0.5})").pixels(image) ==
        std::vector<float>{0, 5, 25.5f, 10, 127.5f, 15});
  const std::string scales = R"(, "do_rescale": false, "image_mean": [1, 1, 5], "image_std": [1, 2, 5]})";
  CHECK(load(folder, "{" + size + scales).pixels(image) == std::vector<float>{-1, 9, 25, 9.5f, 50, 5});

  const Preprocessor rigid = load(folder, "{" + size + "}");
  CHECK(contains(rejection([&] { rigid.pixels({1, 1, {1, 2, 3}}); }), "expected 2 x 1 pixels, got 1 x 1"));
  const Preprocessor crop =
      load(folder, R"({"do_resize": false, "do_center_crop": true, "do_normalize": false,
      "do_rescale": false, "crop_size": {"height": 1, "width": 3}})");
  CHECK(crop.pixels(image) == std::vector<float>{0, 0, 10, 0, 51, 20, 0, 255, 30});
}

TEST_CASE("preprocess: a shorter side without a crop serves square images only") {
  const TemporaryFolder folder;
  const Preprocessor steps = load(folder, R"({"size": {"shortest_edge": 4}})");
  CHECK(steps.pixels({1, 1, {1, 2, 3}}).size() == 3 * 4 * 4);
  const Image pair{2, 1, {1, 2, 3, 4, 5, 6}};
  CHECK(contains(rejection([&] { steps.pixels(pair); }), "expected 4 x 4 pixels, got 8 x 4"));
  const Image thread{20000, 1, std::vector<uint8_t>(60000)};
  CHECK(contains(rejection([&] { steps.pixels(thread); }), "preprocess: an image of 80000 x 4 pixels"));
  CHECK(contains(rejection([&] { steps.pixels({}); }), "preprocess: an image of 0 x 0 pixels"));
}

TEST_CASE("preprocess: settings that make no sense are rejected by file and key") {
  const std::pair<std::string, std::string> malformed[] = {
      {R"({"size": 0})", "size: expected an integer >= 1"},
      {R"({"size": -224})", "size: expected an integer >= 1"},
      {R"({"size": 40000})", "size: expected an integer >= 1 and <= 32768, got 40000"},
      {R"({"size": "224"})", "size: expected an integer"},
      {R"({"size": [224, 224]})", "size: expected an integer"},
      {R"({"size": 224.0})", "size: expected an integer"},
      {R"({"size": {}})", "size.height: is missing"},
      {R"({"size": {"height": 224}})", "size.width: is missing"},
      {R"({"size": {"height": 224, "width": "x"}})", "size.width: expected an integer"},
      {R"({"size": {"shortest_edge": 0}})", "size.shortest_edge: expected an integer"},
      {R"({"size": {"shortest_edge": 224, "longest_edge": 500}})", "size.longest_edge is not supported"},
      {R"({"crop_size": {"height": 224}})", "crop_size.width: is missing"},
      {R"({"crop_size": 1.5})", "crop_size: expected an integer"},
      {R"({"resample": 4})", "resample: expected an integer >= 0 and <= 3, got 4"},
      {R"({"resample": 5})", "resample: expected an integer >= 0 and <= 3, got 5"},
      {R"({"resample": -1})", "resample: expected an integer"},
      {R"({"resample": "bicubic"})", "resample: expected an integer"},
      {R"({"do_resize": 1})", "do_resize: expected true or false, got 1"},
      {R"({"do_center_crop": "yes"})", "do_center_crop: expected true or false"},
      {R"({"do_normalize": 0})", "do_normalize: expected true or false"},
      {R"({"rescale_factor": "1/255"})", "rescale_factor: expected a number"},
      {R"({"image_mean": [0.5, 0.5]})", "image_mean: expected a number or an array of 3 numbers"},
      {R"({"image_mean": [0.5, 0.5, null]})", "image_mean: expected a number or an array of 3 numbers"},
      {R"({"image_std": [0.5, 0, 0.5]})", "image_std: expected numbers above 0, got 0"},
      {R"({"image_std": -1})", "image_std: expected numbers above 0, got -1"},
      {R"({"image_std": 1e300})", "image_std: expected numbers above 0, got inf"},
      {R"({"image_processor_type": "ConvNextImageProcessor"})",
       "expected ViT, DeiT, Bit or CLIP, got \"ConvNext"},
      {R"({"image_processor_type": 3})", "image_processor_type: expected a string"},
      {R"({"image_processor_type": "CLIPImageProcessor"})", "image_mean: is missing"},
      {R"([])", "expected a JSON object"},
      {R"({"size": )", "not JSON"},
  };
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "preprocessor_config.json").string();
  CHECK(contains(bad_file([&] { Preprocessor::load(folder.path()); }), file));
  for (const auto& [config, says] : malformed) {
    const std::string message = bad_file([&] { load(folder, config); });
    INFO(config);
    INFO(message);
    CHECK(contains(message, file + ": "));
    CHECK(contains(message, says));
  }
}

// reference.safetensors holds the pixel_values that transformers' numbers were made from.
TEST_CASE("preprocess: the recorded inputs of the real DeiT") {
  const std::filesystem::path dir = model_to_test("deit-tiny-patch16-224");
  const SafeTensors reference(dir / "reference.safetensors");
  const Preprocessor steps = Preprocessor::load(dir);
  // libjpeg and stb decode JPEG up to 2 of 255 levels apart.
  const std::map<std::string, double> tolerances{
      {"coffee.png", 0}, {"chelsea.png", 0}, {"astronaut.png", 0}, {"rocket.jpg", 2 / 255.0 / 0.224 + 1e-6}};
  for (const auto& [image, tolerance] : tolerances) {
    INFO(image);
    const std::vector<float> pixels = steps.pixels(load_image(kSamples / image));
    const std::string name = std::filesystem::path(image).stem().string() + ".pixel_values";
    const std::vector<float> expected = reference.read_f32(name, {3, 224, 224});
    double worst = 0;
    for (size_t i = 0; i < expected.size(); ++i)
      worst = std::max(worst, std::abs(double(pixels[i]) - expected[i]));
    CHECK(worst <= tolerance);
  }
}

}  // namespace
}  // namespace fovea
