// Pictures in a host's images by the C API: what the C++ front makes of the same images.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>

#include "c/handles.h"
#include "support/c_host.h"
#include "support/check.h"
#include "support/host_memory.h"
#include "support/texels.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const char* const kVit = FOVEA_SOURCE_DIR "/samples/models/vit";
constexpr uint32_t kRead = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL;

fovea_image image_of(const HostImage& image) {
  fovea_image made{};
  std::memcpy(&made.handle, &image.handle, sizeof(image.handle));
  made.format = int32_t(image.format);
  made.width = image.width;
  made.height = image.height;
  made.before = image.before;
  made.after = image.after;
  return made;
}

uint64_t number(VkSemaphore handle) {
  uint64_t made = 0;
  std::memcpy(&made, &handle, sizeof(handle));
  return made;
}

struct Adopted {
  Adopted() {
    const fovea_host offer = c_host(host);
    REQUIRE(fovea_device_adopt(&offer, nullptr, &device) == FOVEA_OK);
    memory = std::make_unique<HostMemory>(host, device->device);
    REQUIRE(fovea_vit_load(device, kVit, nullptr, &vit) == FOVEA_OK);
  }
  ~Adopted() {
    fovea_vit_destroy(vit);
    memory.reset();
    fovea_device_destroy(device);
    host.destroy_device();
    CHECK(host.messages == std::vector<std::string>{});
  }
  HostImage image(const Image& from) {
    const uint32_t width = uint32_t(from.width), height = uint32_t(from.height);
    return memory->image({.width = width, .height = height, .before = kRead, .after = kRead},
                         texels_of(from, {}));
  }
  HostImage map(uint32_t width, uint32_t height) {
    return memory->image({.width = width, .height = height, .before = kRead, .after = kRead});
  }

  Host host;
  fovea_device* device = nullptr;
  std::unique_ptr<HostMemory> memory;
  fovea_vit* vit = nullptr;
};

}  // namespace

TEST_CASE("in C a host's image gives the probabilities and the map that C++ gives") {
  Adopted own;
  const Image image = random_image(60, 44, 5);
  const HostImage in = own.image(image), out = own.map(30, 22), wanted_out = own.map(30, 22);
  ViTPictureOptions wanted_options{.map = wanted_out, .colours = Colormap::viridis, .alpha_dark = 0.25f};
  ViTPicture wanted = own.vit->model.picture(in, wanted_options);
  wanted.look({.layer = 1, .head = 2, .query = 7});
  wanted.plan().run();

  const fovea_image c_in = image_of(in), c_out = image_of(out);
  fovea_vit_picture_options options = FOVEA_VIT_PICTURE_OPTIONS;
  options.map = &c_out;
  options.colours = FOVEA_COLOURS_VIRIDIS;
  options.alpha_dark = 0.25f;
  options.alpha_light = 1;
  fovea_vit_picture* picture = nullptr;
  REQUIRE(fovea_vit_picture_create(own.vit, &c_in, &options, &picture) == FOVEA_OK);
  REQUIRE(fovea_vit_picture_prepare(picture) == FOVEA_OK);
  REQUIRE(fovea_vit_picture_look(picture, 1, 2, 7) == FOVEA_OK);
  CHECK(fovea_vit_picture_token_at(picture, 59, 43) == uint32_t(wanted.token_at(59, 43)));
  fovea_plan* plan = fovea_vit_picture_plan(picture);
  CHECK(fovea_plan_steps(plan) == wanted.plan().steps());

  const VkSemaphore timeline = own.host.make_timeline();
  const fovea_semaphore signal = {number(timeline), 4};
  fovea_submit_options submit = FOVEA_SUBMIT_OPTIONS;
  submit.signal = &signal;
  submit.signal_count = 1;
  uint64_t ticket = 0;
  REQUIRE(fovea_plan_submit(plan, &submit, &ticket) == FOVEA_OK);
  REQUIRE(fovea_device_poll(own.device, ticket, 60000) == FOVEA_OK);
  REQUIRE(fovea_plan_wait(plan) == FOVEA_OK);
  CHECK(own.memory->words(out) == own.memory->words(wanted_out));
  std::vector<float> probabilities(10);
  REQUIRE(fovea_vit_picture_probabilities(picture, probabilities.data(), 10) == FOVEA_OK);
  const std::vector<float> logits = wanted.logits();
  double sum = 0;
  for (const float each : logits) sum += std::exp(double(each));
  for (size_t i = 0; i < 10; ++i)
    CHECK(std::abs(probabilities[i] - std::exp(double(logits[i])) / sum) < 1e-6);
  fovea_vit_picture_destroy(picture);
}

TEST_CASE("in C a picture in slices, submitted or recorded, is the whole one") {
  Adopted own;
  const fovea_image in = image_of(own.image(random_image(60, 44, 5)));
  const fovea_image other = image_of(own.image(random_image(60, 44, 6)));
  fovea_vit_picture* picture = nullptr;
  REQUIRE(fovea_vit_picture_create(own.vit, &other, nullptr, &picture) == FOVEA_OK);
  REQUIRE(fovea_vit_picture_prepare(picture) == FOVEA_OK);
  fovea_plan* plan = fovea_vit_picture_plan(picture);
  const auto probabilities = [&] {
    std::vector<float> all(10);
    REQUIRE(fovea_vit_picture_probabilities(picture, all.data(), all.size()) == FOVEA_OK);
    return all;
  };
  REQUIRE(fovea_plan_submit(plan, nullptr, nullptr) == FOVEA_OK);
  const std::vector<float> of_other = probabilities();
  REQUIRE(fovea_vit_picture_bind(picture, &in, nullptr) == FOVEA_OK);
  REQUIRE(fovea_plan_submit(plan, nullptr, nullptr) == FOVEA_OK);
  const std::vector<float> whole = probabilities();
  CHECK(whole != of_other);

  fovea_job* job = nullptr;
  REQUIRE(fovea_vit_picture_bind(picture, &other, nullptr) == FOVEA_OK);
  REQUIRE(fovea_vit_picture_start(picture, &job) == FOVEA_OK);
  while (fovea_job_tick(job, 0.1) == FOVEA_NOT_READY) continue;
  CHECK(fovea_job_progress(job) == 1);
  CHECK(probabilities() == of_other);
  std::vector<float> none(10);
  CHECK(fovea_vit_probabilities(job, none.data(), none.size()) == FOVEA_INVALID);
  fovea_job_destroy(job);

  REQUIRE(fovea_vit_picture_bind(picture, &in, nullptr) == FOVEA_OK);
  REQUIRE(fovea_vit_picture_start(picture, &job) == FOVEA_OK);
  fovea_result state = FOVEA_NOT_READY;
  int slices = 0;
  for (; state == FOVEA_NOT_READY; ++slices) {
    Commands commands(own.device->device.gpu());
    commands.begin();
    state = fovea_job_record(job, commands.handle(), 0.1);
    commands.end();
    own.memory->submit(commands.handle());
    REQUIRE(fovea_plan_finished(plan) == FOVEA_OK);
  }
  REQUIRE(state == FOVEA_OK);
  CHECK(slices > 1);
  CHECK(probabilities() == whole);
  CHECK(fovea_job_milliseconds(job) > 0);
  REQUIRE(fovea_job_restart(job) == FOVEA_OK);
  CHECK(fovea_job_progress(job) == 0);
  fovea_job_cancel(job);
  Commands unused(own.device->device.gpu());
  unused.begin();
  CHECK(fovea_job_record(job, unused.handle(), 0.1) == FOVEA_OK);
  CHECK(fovea_job_progress(job) == 0);
  unused.end();
  fovea_job_destroy(job);
  CHECK(fovea_plan_in_use_until(plan, number(own.host.make_timeline()), 0) == FOVEA_OK);
  CHECK(fovea_plan_record(plan, nullptr, 0, 1) == FOVEA_INVALID);
  fovea_vit_picture_destroy(picture);
}

TEST_CASE("in C a map's colours alone mean what they mean in C++") {
  Adopted own;
  const HostImage in = own.image(random_image(20, 20, 5)), out = own.map(16, 16),
                  wanted_out = own.map(16, 16);
  ViTPicture wanted = own.vit->model.picture(in, {.map = wanted_out, .colours = Colormap::reds});
  wanted.plan().run();
  const fovea_image c_in = image_of(in), c_out = image_of(out);
  fovea_vit_picture_options options = FOVEA_VIT_PICTURE_OPTIONS;
  options.map = &c_out;
  options.colours = FOVEA_COLOURS_REDS;
  fovea_vit_picture* picture = nullptr;
  REQUIRE(fovea_vit_picture_create(own.vit, &c_in, &options, &picture) == FOVEA_OK);
  fovea_submit_options twice = FOVEA_SUBMIT_OPTIONS;
  twice.times = 2;
  REQUIRE(fovea_plan_submit(fovea_vit_picture_plan(picture), &twice, nullptr) == FOVEA_OK);
  REQUIRE(fovea_plan_wait(fovea_vit_picture_plan(picture)) == FOVEA_OK);
  CHECK(own.memory->words(out) == own.memory->words(wanted_out));
  fovea_vit_picture_destroy(picture);
}

TEST_CASE("in C what a picture cannot be is a result with words") {
  Adopted own;
  const HostImage in = own.image(random_image(20, 20, 5));
  fovea_image image = image_of(in);
  fovea_vit_picture* picture = nullptr;
  const auto says = [](const char* part) { return std::strstr(fovea_last_error(), part) != nullptr; };
  CHECK(fovea_vit_picture_create(own.vit, nullptr, nullptr, &picture) == FOVEA_INVALID);
  CHECK(says("image is null"));
  image.format = 9;
  CHECK(fovea_vit_picture_create(own.vit, &image, nullptr, &picture) == FOVEA_INVALID);
  CHECK(says("texel format 9"));
  image.format = FOVEA_RGBA8;
  REQUIRE(fovea_vit_picture_create(own.vit, &image, nullptr, &picture) == FOVEA_OK);
  CHECK(fovea_vit_picture_look(picture, 0, 0, 0) == FOVEA_INVALID);  // it has no map
  image.width = 21;
  CHECK(fovea_vit_picture_bind(picture, &image, nullptr) == FOVEA_INVALID);
  CHECK(says("21 x 20"));
  float one = 0;
  CHECK(fovea_vit_picture_probabilities(picture, &one, 1) == FOVEA_INVALID);
  CHECK(says("10 labels"));
  size_t count = 0;
  CHECK(fovea_vit_picture_embedding(picture, nullptr, &count) == FOVEA_INVALID);
  CHECK(says("classifier of 10"));
  fovea_vit_picture_destroy(picture);
  fovea_vit_picture_destroy(nullptr);
}

TEST_CASE("in C a host's chain is filled before there is a device") {
  Host host;
  fovea_host offer = c_host(host);
  offer.device = offer.queue = nullptr;
  VkPhysicalDeviceVulkan12Features v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceFeatures2 chain = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v12};
  REQUIRE(fovea_enable_features(&offer, &chain) == FOVEA_OK);
  CHECK(v12.bufferDeviceAddress == VK_TRUE);
  chain.pNext = nullptr;
  CHECK(fovea_enable_features(&offer, &chain) == FOVEA_UNSUPPORTED);
  CHECK(std::strstr(fovea_last_error(), "bufferDeviceAddress") != nullptr);
}
