#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>
#include <vector>

#include "fovea/fovea.h"
#include "fovea/image.hpp"
#include "fovea/translator.hpp"
#include "fovea/vit.hpp"
#include "support/c_host.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::string kVit = FOVEA_SOURCE_DIR "/samples/models/vit";
const std::string kTranslator = FOVEA_SOURCE_DIR "/samples/models/translate-en-fr";

Image kitten() { return load_image(FOVEA_SOURCE_DIR "/samples/images/kitten.jpg"); }
fovea_picture picture_of(const Image& image) {
  return {image.rgb.data(), uint32_t(image.width), uint32_t(image.height)};
}

struct CDevice {
  CDevice() { REQUIRE(fovea_device_create(nullptr, &handle) == FOVEA_OK); }
  ~CDevice() { fovea_device_destroy(handle); }
  CDevice(const CDevice&) = delete;
  fovea_device* handle = nullptr;
};

void finish(fovea_job* job) {
  fovea_result state = FOVEA_NOT_READY;
  while (state == FOVEA_NOT_READY) state = fovea_job_tick(job, 1.0);
  REQUIRE(state == FOVEA_OK);
}

}  // namespace

TEST_CASE("in C a picture is classified as in C++, whole and in slices, with attention") {
  const Image image = kitten();
  const fovea_picture picture = picture_of(image);
  CDevice device;
  fovea_vit* vit = nullptr;
  REQUIRE(fovea_vit_load(device.handle, kVit.c_str(), nullptr, &vit) == FOVEA_OK);
  const fovea_vit_info info = fovea_vit_describe(vit);
  CHECK(info.labels == 10);
  CHECK(std::string(fovea_vit_label(vit, 3)) == "cat");
  CHECK(fovea_vit_label(vit, 10) == nullptr);
  std::vector<float> whole(info.labels), sliced(info.labels);
  REQUIRE(fovea_vit_classify(vit, &picture, whole.data(), whole.size()) == FOVEA_OK);

  Device own;
  VisionTransformer model(own, kVit);
  const ViTResult wanted = model.run(Preprocessor::for_model(kVit, info.width, info.height).pixels(image), 1,
                                     {.attentions = true});
  double sum = 0;
  for (const float logit : wanted.logits) sum += std::exp(double(logit));
  for (size_t i = 0; i < whole.size(); ++i)
    CHECK(std::abs(whole[i] - std::exp(double(wanted.logits[i])) / sum) < 1e-6);

  REQUIRE(fovea_vit_prepare(vit, 1) == FOVEA_OK);
  fovea_job* job = nullptr;
  REQUIRE(fovea_vit_start(vit, &picture, 1, &job) == FOVEA_OK);
  CHECK(fovea_vit_probabilities(job, sliced.data(), sliced.size()) == FOVEA_NOT_READY);
  finish(job);
  CHECK(fovea_job_progress(job) == 1);
  REQUIRE(fovea_vit_probabilities(job, sliced.data(), sliced.size()) == FOVEA_OK);
  for (size_t i = 0; i < whole.size(); ++i) CHECK(std::abs(sliced[i] - whole[i]) < 1e-5);

  const size_t tokens = info.prefix + info.patch_rows * info.patch_columns, square = tokens * tokens;
  std::vector<float> one(square), mean(square);
  REQUIRE(fovea_vit_attention(job, 1, 2, one.data(), square) == FOVEA_OK);
  CHECK(std::equal(one.begin(), one.end(), wanted.attentions[1].begin() + int64_t(2 * square)));
  REQUIRE(fovea_vit_attention(job, info.layers - 1, -1, mean.data(), square) == FOVEA_OK);
  double row = 0;
  for (size_t i = 0; i < tokens; ++i) row += mean[i];
  CHECK(std::abs(row - 1) < 1e-5);
  CHECK(fovea_vit_attention(job, info.layers, 0, one.data(), square) == FOVEA_INVALID);
  CHECK(fovea_vit_attention(job, 0, 0, one.data(), square - 1) == FOVEA_INVALID);
  fovea_job_destroy(job);
  fovea_vit_destroy(vit);
}

TEST_CASE("in C lines are translated as in C++, with attention") {
  CDevice device;
  fovea_translator* translator = nullptr;
  REQUIRE(fovea_translator_load(device.handle, kTranslator.c_str(), nullptr, &translator) == FOVEA_OK);
  REQUIRE(fovea_translator_prepare(translator, 8, 2) == FOVEA_OK);
  const char* lines[] = {"Where is the station?", "", "Thank you."};
  fovea_translate_options options = FOVEA_TRANSLATE_OPTIONS;
  options.beams = 2;
  options.max_length = 16;
  options.attention = 1;
  fovea_job* job = nullptr;
  REQUIRE(fovea_translator_start(translator, lines, 3, &options, &job) == FOVEA_OK);
  const char* text = nullptr;
  CHECK(fovea_translation_text(job, 0, &text) == FOVEA_NOT_READY);
  finish(job);
  Device own;
  Translator model(own, kTranslator);
  Decoding decoding = model.decoding();
  decoding.beams = 2;
  decoding.max_length = 16;
  const std::vector<std::string> same(lines, lines + 3);
  const auto wanted = model.translate(same, {.decoding = decoding, .attention = true});
  for (size_t line = 0; line < 3; ++line) {
    REQUIRE(fovea_translation_text(job, line, &text) == FOVEA_OK);
    CHECK(text == wanted[line].outputs[0].text);
    const float* weights = nullptr;
    size_t tokens = 0, keys = 0;
    REQUIRE(fovea_translation_attention(job, line, &weights, &tokens, &keys) == FOVEA_OK);
    CHECK(tokens == wanted[line].outputs[0].tokens.size());
    CHECK(keys == wanted[line].keys.size());
    for (size_t t = 0; t < tokens; ++t) {
      CHECK(std::equal(weights + t * keys, weights + (t + 1) * keys,
                       wanted[line].outputs[0].attention[t].begin()));
      REQUIRE(fovea_translation_token(job, line, t, &text) == FOVEA_OK);
      CHECK(text == wanted[line].outputs[0].tokens[t]);
    }
  }
  CHECK(fovea_translation_text(job, 3, &text) == FOVEA_INVALID);
  CHECK(std::string(fovea_last_error()).find("line 3") != std::string::npos);
  fovea_job_destroy(job);

  REQUIRE(fovea_translator_start(translator, lines, 1, nullptr, &job) == FOVEA_OK);
  fovea_job_tick(job, 0);
  fovea_job_cancel(job);
  finish(job);
  CHECK(fovea_translation_text(job, 0, &text) == FOVEA_CANCELLED);
  fovea_job_destroy(job);
  fovea_translator_destroy(translator);
}

TEST_CASE("in C models are loaded from the host's memory, with progress, and give back what they keep") {
  struct Game {
    std::map<std::string, std::string> files;
    std::vector<double> told;
    double until = 2;
  } game;
  for (const auto& entry : std::filesystem::directory_iterator(kVit))
    game.files["vit/" + entry.path().filename().string()] = read_bytes(entry.path());
  fovea_load_options options = FOVEA_LOAD_OPTIONS;
  options.user = &game;
  options.read = [](void* user, const char* name, const void** bytes, size_t* count) {
    const auto& files = static_cast<Game*>(user)->files;
    const auto found = files.find("vit/" + std::string(name));
    if (found == files.end()) return 0;
    *bytes = found->second.data();
    *count = found->second.size();
    return 1;
  };
  options.progress = [](void* user, double done) {
    static_cast<Game*>(user)->told.push_back(done);
    return int(done < static_cast<Game*>(user)->until);
  };
  CDevice device;
  fovea_vit* vit = nullptr;
  REQUIRE(fovea_vit_load(device.handle, nullptr, &options, &vit) == FOVEA_OK);
  CHECK(game.told.front() == 0);
  CHECK(game.told.back() == 1);
  const uint64_t loaded = fovea_device_memory(device.handle).used;
  const Image image = kitten();
  const fovea_picture picture = picture_of(image);
  std::vector<float> here(10), there(10);
  REQUIRE(fovea_vit_classify(vit, &picture, here.data(), 10) == FOVEA_OK);
  CHECK(fovea_device_memory(device.handle).used > loaded);
  fovea_vit_trim(vit);
  CHECK(fovea_device_memory(device.handle).used == loaded);
  fovea_vit_destroy(vit);
  REQUIRE(fovea_vit_load(device.handle, kVit.c_str(), nullptr, &vit) == FOVEA_OK);
  REQUIRE(fovea_vit_classify(vit, &picture, there.data(), 10) == FOVEA_OK);
  CHECK(here == there);
  fovea_vit_destroy(vit);

  game.until = 0.5;
  CHECK(fovea_vit_load(device.handle, "game.pack", &options, &vit) == FOVEA_CANCELLED);
  game.files.erase("vit/config.json");
  CHECK(fovea_vit_load(device.handle, "game.pack", &options, &vit) == FOVEA_BAD_FILE);
  CHECK(contains(fovea_last_error(), "game.pack/config.json"));
  CHECK(fovea_translator_load(device.handle, "game.pack", &options, nullptr) == FOVEA_INVALID);
  CHECK(fovea_vit_load(device.handle, nullptr, nullptr, &vit) == FOVEA_INVALID);
  CHECK(fovea_device_memory(device.handle).used == 0);
}

TEST_CASE("in C failures have a code and a text of their own thread") {
  fovea_device* device = nullptr;
  fovea_device_options options = FOVEA_DEVICE_OPTIONS;
  options.name = "Voodoo 2";
  CHECK(fovea_device_create(&options, &device) == FOVEA_INVALID);
  CHECK(std::string(fovea_last_error()).find("Voodoo 2") != std::string::npos);
  std::thread([] { CHECK(std::string(fovea_last_error()).empty()); }).join();
  options.size = 3;
  CHECK(fovea_device_create(&options, &device) == FOVEA_INVALID);
  CHECK(std::string(fovea_last_error()).find("FOVEA_") != std::string::npos);
  CHECK(fovea_device_create(nullptr, nullptr) == FOVEA_INVALID);
  CHECK(std::string(fovea_result_name(FOVEA_BAD_FILE)) == "bad_file");
  CHECK(std::string(fovea_result_name(FOVEA_OK)) == "ok");
  CHECK(fovea_version() == FOVEA_VERSION);
}

TEST_CASE("in C a caller with an older struct gets the defaults of what it does not know") {
  fovea_device_options options;
  std::memset(&options, 0xff, sizeof options);  // what an old caller has behind its struct
  options.size = offsetof(fovea_device_options, validation);
  options.name = nullptr;
  options.disable = nullptr;
  options.disable_count = 0;
  fovea_device* device = nullptr;
  REQUIRE(fovea_device_create(&options, &device) == FOVEA_OK);
  CHECK(std::string(fovea_device_name(device)) == fovea::test::device().info().name);
  CHECK(fovea_device_memory(device).held >= fovea_device_memory(device).used);
  size_t bytes = 0;
  REQUIRE(fovea_device_cached_kernels(device, nullptr, &bytes) == FOVEA_OK);
  std::vector<char> kernels(bytes);
  CHECK(fovea_device_cached_kernels(device, kernels.data(), &bytes) == FOVEA_OK);
  bytes -= 1;
  CHECK(fovea_device_cached_kernels(device, kernels.data(), &bytes) == FOVEA_INVALID);
  CHECK(fovea_device_poll(device, 1000000, 0) == FOVEA_INVALID);
  CHECK(fovea_device_trim(device) == FOVEA_OK);
  fovea_device_destroy(device);
}

TEST_CASE("in C a host's device is adopted") {
  Host host;
  fovea_host lent = c_host(host);
  lent.api_version = VK_API_VERSION_1_2;
  fovea_device* device = nullptr;
  CHECK(fovea_device_adopt(&lent, nullptr, &device) == FOVEA_UNSUPPORTED);
  lent.api_version = VK_API_VERSION_1_3;
  REQUIRE(fovea_device_adopt(&lent, nullptr, &device) == FOVEA_OK);
  fovea_device_destroy(device);
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}
