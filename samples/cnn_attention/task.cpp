#include "task.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <random>

using namespace fovea;

namespace {

constexpr size_t kPixels = size_t(kSize) * kSize;
constexpr int64_t kTestBatches = 8;
constexpr uint64_t kTestsFrom = uint64_t(1) << 32;  // no epoch comes so far

// Whole numbers below `end` of one picture, the same everywhere.
class Dice {
 public:
  Dice(uint64_t seed, uint64_t index, int64_t row)
      : random_(std::mt19937_64::result_type(seed * 1000003 + index * 8191 + uint64_t(row))) {}
  int below(int end) { return int(random_() % uint64_t(end)); }
  float shade() { return float(below(1000)) / 1000; }

 private:
  std::mt19937_64 random_;
};

Place throw_place(Dice& dice) {
  const int left = dice.below(kSize - 9), top = dice.below(kSize - 9);
  return {left, top};
}

// Across, down, and the two diagonals.
bool striped(uint32_t label, int x, int y) {
  const int along[] = {y, x, x + y, x - y + kSize};
  return along[label] % 4 < 2;
}

void paint(float* pixels, uint32_t label, Dice dice) {
  const Place place = throw_place(dice);
  for (int blot = 0; blot < 24; ++blot) {  // later ones cover earlier ones
    const int x0 = dice.below(kSize), y0 = dice.below(kSize), size = 2 + dice.below(6);
    const float colour[] = {dice.shade(), dice.shade(), dice.shade()};
    for (int y = std::max(0, y0 - size); y < std::min(kSize, y0 + size); ++y)
      for (int x = std::max(0, x0 - size); x < std::min(kSize, x0 + size); ++x)
        for (size_t c = 0; c < 3; ++c) pixels[c * kPixels + size_t(y * kSize + x)] = 2 * colour[c] - 1;
  }
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x)
      for (size_t c = 0; c < 3; ++c) {
        float& pixel = pixels[c * kPixels + size_t(y * kSize + x)];
        if (place.holds(x, y)) pixel = striped(label, x, y) ? 0.5f : -0.5f;
        pixel += 0.4f * (dice.shade() - 0.5f);
      }
}

ImageBatch make_batch(int64_t count, uint64_t seed, uint64_t index) {
  ImageBatch batch;
  batch.count = count;
  batch.pixels.resize(size_t(count) * 3 * kPixels, 0.0f);
  for (int64_t row = 0; row < count; ++row) {
    batch.labels.push_back(uint32_t(row % 4));
    paint(batch.pixels.data() + size_t(row) * 3 * kPixels, batch.labels.back(), Dice(seed, index, row));
  }
  return batch;
}

}  // namespace

Place place_of(uint64_t seed, uint64_t index, int64_t row) {
  Dice dice(seed, kTestsFrom + index, row);
  return throw_place(dice);
}

Task made_task(int64_t batch, uint64_t seed) {
  return {.classes = {"across", "down", "rising", "falling"},
          .steps = 50,
          .tests = kTestBatches,
          .training = [=](uint64_t index) { return make_batch(batch, seed, index); },
          .test = [=](uint64_t index) { return make_batch(batch, seed, kTestsFrom + index); }};
}

Split split_of(const std::string& data, const std::string& validation) {
  namespace fs = std::filesystem;
  if (!validation.empty()) return {data, validation};
  if (!fs::is_directory(data)) throw Error(data + ": no such folder");
  const fs::path train = fs::path(data) / "train", val = fs::path(data) / "val",
                 test = fs::path(data) / "test";
  const bool trains = fs::is_directory(train), tests = fs::is_directory(val) || fs::is_directory(test);
  if (!trains || !tests)
    throw Error(data + ": has no folder " + (trains ? "" : "train") + (trains || tests ? "" : " and no ") +
                (tests ? "" : "val or test") + "; class folders of the test come by --validation");
  return {train.string(), (fs::is_directory(val) ? val : test).string()};
}

Task folder_task(const Split& split, int64_t batch, uint64_t seed) {
  struct Pictures {
    ImageFolder folder;
    ImageBatches batches;
    Pictures(const std::string& path, const ImageOptions& options) : folder(path), batches(folder, options) {}
  };
  const ImageOptions plain{.batch = batch, .size = kSize, .seed = seed, .shuffle = false};
  ImageOptions shifted = plain;  // every epoch sees the pictures moved and mirrored anew
  shifted.shuffle = shifted.flip = true;
  shifted.partial = false;
  shifted.pad = 3;
  const auto learnt = std::make_shared<Pictures>(split.training, shifted),
             held = std::make_shared<Pictures>(split.test, plain);
  if (learnt->folder.classes() != held->folder.classes())
    throw Error(split.test + ": not the class folders of " + split.training);
  return {.classes = learnt->folder.classes(),
          .steps = learnt->batches.batches(),
          .tests = held->batches.batches(),
          .training = [learnt](uint64_t index) { return learnt->batches.batch(index); },
          .test = [held](uint64_t index) { return held->batches.batch(index); }};
}

Image picture_of(const ImageBatch& batch, int64_t row) {
  Image image{.width = kSize, .height = kSize, .rgb = std::vector<uint8_t>(3 * kPixels)};
  for (size_t i = 0; i < kPixels; ++i)
    for (size_t c = 0; c < 3; ++c) {
      const float pixel = batch.pixels[(size_t(row) * 3 + c) * kPixels + i];
      image.rgb[3 * i + c] = uint8_t(std::clamp(std::lround(127.5f * (pixel + 1)), 0L, 255L));
    }
  return image;
}
