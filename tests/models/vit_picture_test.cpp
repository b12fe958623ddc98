// A model's picture as a host's image: the same as by way of files, and no way by host memory.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/heatmap.hpp"
#include "fovea/vit.hpp"
#include "support/check.h"
#include "support/host_memory.h"
#include "support/looks.h"
#include "support/submissions.h"
#include "support/texels.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::string kModel = FOVEA_SOURCE_DIR "/samples/models/vit";
constexpr uint32_t kGeneral = VK_IMAGE_LAYOUT_GENERAL, kRead = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
                   kUndefined = VK_IMAGE_LAYOUT_UNDEFINED, kTarget = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;

// The largest difference, in 255ths, between a picture with the map's texels blended over it and overlay().
double worst_blend(const Image& image, const std::vector<uint32_t>& texels, const Heatmap& map,
                   const Region& seen) {
  const Image wanted = overlay(image, map, seen);
  double worst = 0;
  for (size_t i = 0; i < wanted.rgb.size(); ++i) {
    const double alpha = double(texels[i / 3] >> 24) / 255;
    const double colour = double(texels[i / 3] >> (8 * (i % 3)) & 0xff);
    const double blended = std::round(colour * alpha + double(image.rgb[i]) * (1 - alpha));
    worst = std::max(worst, std::abs(blended - double(wanted.rgb[i])));
  }
  return worst;
}

Preprocessor cropping(const ViTConfig& config) {
  Preprocessor steps = Preprocessor::for_model(kModel, config.width, config.height);
  steps.resample = Resample::bicubic;
  steps.shortest_edge = int(config.height) + 5;
  steps.do_center_crop = true;
  steps.crop_width = int(config.width);
  steps.crop_height = int(config.height);
  return steps;
}

struct Adopted {
  explicit Adopted(const HostWish& wish = kEverything)
      : host(wish),
        device(std::make_unique<Device>(host.offer())),
        memory(std::make_unique<HostMemory>(host, *device)) {}
  ~Adopted() {
    memory.reset();
    device.reset();
    host.destroy_device();
    CHECK(host.messages == std::vector<std::string>{});
  }
  Host host;
  std::unique_ptr<Device> device;
  std::unique_ptr<HostMemory> memory;
};

}  // namespace

TEST_CASE("a host's image gives the logits and the map of the same picture in a file") {
  Adopted own;
  VisionTransformer model(*own.device, kModel);
  const ViTConfig& config = model.config();
  const std::pair<int, int> sizes[] = {{75, 51}, {21, 26}};  // larger and smaller than the model's picture
  for (const auto& [width, height] : sizes)
    for (const TexelKind& kind : kTexelKinds) {
      INFO(width << " x " << height << " " << name(kind.format));
      const Image image = random_image(width, height, 7);
      const Preprocessor steps = cropping(config);
      const ViTResult wanted = model.run(steps.pixels(image), 1, {.attentions = true});
      const HostImage in = own.memory->image({.format = kind.format,
                                              .width = uint32_t(width),
                                              .height = uint32_t(height),
                                              .before = kRead,
                                              .after = kGeneral},
                                             texels_of(image, kind));
      const HostImage out = own.memory->image(
          {.width = uint32_t(width), .height = uint32_t(height), .before = kUndefined, .after = kRead});
      const ViTLook look{.layer = 1, .head = 0, .query = 3};
      ViTPicture picture =
          model.picture(in, {.preprocessor = steps, .encoding = kind.encoding, .map = out, .look = look});
      picture.plan().run();
      CHECK(picture.logits() == wanted.logits);
      CHECK(worst_blend(image, own.memory->words(out), heatmap_of(wanted, config, look), steps.seen(image)) <=
            1);
    }
}

TEST_CASE("a look changes layer, head and token without a kernel or a submission more") {
  Adopted own;
  VisionTransformer model(*own.device, kModel);
  const ViTConfig& config = model.config();
  const Image image = random_image(64, 48, 9);
  const Preprocessor steps = Preprocessor::for_model(kModel, config.width, config.height);
  const ViTResult wanted = model.run(steps.pixels(image), 1, {.attentions = true});
  const HostImage in =
      own.memory->image({.width = 64, .height = 48, .before = kRead, .after = kRead}, texels_of(image, {}));
  const HostImage out = own.memory->image({.width = 64, .height = 48, .before = kUndefined, .after = kRead});
  ViTPicture picture = model.picture(in, {.map = out});
  picture.plan().run();
  const size_t kernels = own.device->cached_kernels().size();
  const int64_t tokens = config.tokens();
  for (const ViTLook& look : {ViTLook{}, ViTLook{0, 1, 0}, ViTLook{config.depth - 1, -1, tokens - 1},
                              ViTLook{-2, config.heads - 1, 5}}) {
    INFO("layer " << look.layer << ", head " << look.head << ", token " << look.query);
    picture.look(look);
    picture.plan().run();
    CHECK(worst_blend(image, own.memory->words(out), heatmap_of(wanted, config, look), steps.seen(image)) <=
          1);
  }
  CHECK(own.device->cached_kernels().size() == kernels);
  check_rejects([&] { picture.look({.layer = config.depth}); },
                {"vit", "layer", std::to_string(config.depth)});
  check_rejects([&] { picture.look({.head = config.heads}); }, {"vit", "head", std::to_string(config.heads)});
  check_rejects([&] { picture.look({.query = tokens}); }, {"vit", "token", std::to_string(tokens)});
}

TEST_CASE("a picture in slices of a host's frames is the same to the bit") {
  Adopted own({.features = {"bufferDeviceAddress"}});  // what a stock engine enables
  VisionTransformer model(*own.device, kModel);
  const Image image = random_image(40, 33, 11);
  const HostImage in = own.memory->image(
      {.format = TexelFormat::bgra8_srgb, .width = 40, .height = 33, .before = kTarget, .after = kRead},
      texels_of(image, {TexelFormat::bgra8_srgb}));
  const HostImage out = own.memory->image(
      {.format = TexelFormat::rgba16f, .width = 31, .height = 29, .before = kUndefined, .after = kRead});
  ViTPicture picture = model.picture(in, {.map = out, .colours = Colormap::viridis, .alpha_light = 0.5f});
  Plan& plan = picture.plan();
  picture.prepare();
  plan.run();
  const std::vector<float> logits = picture.logits();
  const std::vector<uint32_t> map = own.memory->words(out);
  Commands commands(own.device->gpu());
  for (const uint32_t slice : {1u, 5u, plan.steps()}) {
    own.memory->turn(in);
    for (uint32_t first = 0; first < plan.steps(); first += slice) {
      commands.begin();
      plan.record(commands.handle(), first, std::min(slice, plan.steps() - first));
      commands.end();
      own.memory->submit(commands.handle());
    }
    CHECK(own.memory->words(out) == map);
    CHECK(picture.logits() == logits);
  }
  own.memory->turn(in);
  plan.finished();
  PlanJob job(plan);
  while (!job.tick(0.5)) continue;
  CHECK(own.memory->words(out) == map);
  CHECK(picture.logits() == logits);
}

TEST_CASE("a picture of other images, and the tokens of its patches") {
  Adopted own;
  VisionTransformer model(*own.device, kModel);
  const ViTConfig& config = model.config();
  const HostImage like{.width = 90, .height = 60, .before = kRead, .after = kRead};
  const Image first = random_image(90, 60, 12), second = random_image(90, 60, 13);
  const Preprocessor steps = cropping(config);
  ViTPicture picture = model.picture(own.memory->image(like, texels_of(first, {})), {.preprocessor = steps});
  picture.plan().run();
  CHECK(picture.logits() == model.run(steps.pixels(first), 1).logits);
  picture.bind(own.memory->image(like, texels_of(second, {})));
  picture.plan().run();
  CHECK(picture.logits() == model.run(steps.pixels(second), 1).logits);

  const Region seen = steps.seen(90, 60);
  const int64_t columns = config.width / config.patch, rows = config.height / config.patch;
  CHECK(picture.token_at(seen.left + 0.1, seen.top + 0.1) == 1);
  CHECK(picture.token_at(seen.left + seen.width - 0.1, seen.top + 0.1) == columns);
  CHECK(picture.token_at(seen.left + seen.width - 0.1, seen.top + seen.height - 0.1) == rows * columns);
  CHECK(picture.token_at(seen.left - 1, seen.top + 1) == 0);
  CHECK(picture.token_at(45, 61) == 0);

  HostImage other = like;
  other.handle = VkImage(1);
  other.width = 91;
  check_rejects([&] { picture.bind(other); }, {"vit", "picture", "91 x 60", "90 x 60"});
  check_rejects([&] { picture.bind({}); }, {"vit", "without an image"});
  check_rejects([&] { picture.look({}); }, {"vit", "without a map"});
  check_rejects([&] { model.picture(other, {.preprocessor = Preprocessor::vit(7)}); },
                {"vit", "(1, 3, 7, 7)"});
}
