// cnn_attention: does attention help a convolutional network, and what does it look at?
//
//   cnn_attention [--data DIR --validation DIR] [--epochs N] [--batch N] [--steps N] [--out DIR] [--json]
//
// Trains three networks on the same pictures: a small one, the same with a gate over places in every stage,
// and a residual network with squeeze and excitation. DIR holds a folder of 32 x 32 images for each class, as
// CIFAR-10 has. Without --data the program makes pictures itself: a small striped patch on a ground of blots,
// and the class is the way its stripes run; then it is known where a gate should look, and the program says
// how much of the gate lies there. Prints accuracy, size and time of each, and draws what the gates look at;
// the networks are left in --out. Ends with status 1 where a
// made task of full epochs is not learnt.
#include <fmt/format.h>

#include <fovea/heatmap.hpp>
#include <fovea/png.hpp>
#include <random>

#include "../common/sample.h"
#include "learn.h"

namespace {

using namespace fovea;
namespace fs = std::filesystem;

struct Options {
  std::string data, validation;
  Course course;
  int64_t width = 16;
};

// Networks lie in folders; without --out in one that is gone afterwards.
struct Folder {
  explicit Folder(const fs::path& out) : keeps(!out.empty()), path(out) {
    if (!keeps) path = fs::temp_directory_path() / fmt::format("cnn-attention-{}", std::random_device()());
  }
  ~Folder() {
    std::error_code ignored;
    if (!keeps) fs::remove_all(path, ignored);
  }
  std::string of(const char* name) const { return (path / name).string(); }
  bool keeps;
  fs::path path;
};

template <class Model>
Learnt run(Sample& sample, Device& device, const Task& task, const Options& options, const char* name,
           const std::string& directory) {
  fmt::print("{}\n", name);
  Model model(device, directory, Use::training);
  const Learnt learnt = learn(device, model, task, options.course);
  model.save(directory);
  const std::string key = name;
  sample.number(key + ": parameters", double(learnt.parameters));
  sample.number(key + ": loss of the last epoch", learnt.loss);
  sample.number(key + ": accuracy", learnt.accuracy);
  sample.number(key + ": images/s",
                double(options.course.batch * options.course.epochs *
                       (options.course.steps > 0 ? std::min(options.course.steps, task.steps) : task.steps)) /
                    learnt.seconds);
  return learnt;
}

// How much more of a gate lies on the patch than on as many other places, in the mean over the test's first
// batch: 1 is no attention at all.
double focus(const CnnResult& seen, int64_t count, uint64_t seed) {
  const std::vector<float>& gate = seen.attention[0];  // (count, 1, size, size)
  double on = 0, off = 0, places_on = 0, places_off = 0;
  for (int64_t row = 0; row < count; ++row) {
    const Place place = place_of(seed, 0, row);
    for (int y = 0; y < kSize; ++y)
      for (int x = 0; x < kSize; ++x) {
        const double value = double(gate[size_t((row * kSize + y) * kSize + x)]);
        (place.holds(x, y) ? on : off) += value;
        ++(place.holds(x, y) ? places_on : places_off);
      }
  }
  return on / places_on / (off / places_off);
}

void copy_large(const Image& from, Image& to, int column, int row) {
  constexpr int kTimes = 4;
  for (int y = 0; y < kSize * kTimes; ++y)
    for (int x = 0; x < kSize * kTimes; ++x)
      for (int c = 0; c < 3; ++c)
        to.rgb[size_t(((row * kSize * kTimes + y) * to.width + column * kSize * kTimes + x) * 3 + c)] =
            from.rgb[size_t((y / kTimes * kSize + x / kTimes) * 3 + c)];
}

// Pictures of the test, and below each the same lit by the gate of each stage.
void draw(const fs::path& path, const ImageBatch& batch, const CnnResult& seen) {
  const int shown = int(std::min<int64_t>(batch.count, 8)), stages = int(seen.attention.size());
  Image sheet{.width = shown * kSize * 4, .height = (1 + stages) * kSize * 4, .rgb = {}};
  sheet.rgb.resize(size_t(sheet.width) * size_t(sheet.height) * 3);
  for (int i = 0; i < shown; ++i) {
    const int64_t row = batch.count * i / shown;
    const Image picture = picture_of(batch, row);
    copy_large(picture, sheet, i, 0);
    for (int stage = 0; stage < stages; ++stage) {
      const int64_t side = kSize >> stage;
      const auto first = seen.attention[size_t(stage)].begin() + row * side * side;
      const Heatmap map{side, side, std::vector<float>(first, first + side * side)};
      copy_large(overlay(picture, map, {0, 0, kSize, kSize}), sheet, i, 1 + stage);
    }
  }
  write_png(path, sheet);
}

void compare(Sample& sample, const Options& options) {
  const bool made = options.data.empty();
  const Task task = made ? made_task(options.course.batch, sample.seed)
                         : folder_task(options.data, options.validation, options.course.batch, sample.seed);
  fmt::print("{} classes, {} batches of {} an epoch\n", task.classes.size(), task.steps,
             options.course.batch);
  Device device({.name = sample.device});
  const Folder folder(sample.out);
  const std::string plain = folder.of("cnn"), gated = folder.of("cnn_gate"), excited = folder.of("se_resnet");
  CnnGateConfig config{.width = options.width, .gate = false, .labels = task.classes};
  write_fresh_cnn_gate(plain, config, sample.seed);
  config.gate = true;
  write_fresh_cnn_gate(gated, config, sample.seed);
  write_fresh_se_resnet(excited, {.width = options.width, .labels = task.classes}, sample.seed);

  const Learnt without = run<CnnGate>(sample, device, task, options, "cnn", plain);
  const Learnt with = run<CnnGate>(sample, device, task, options, "cnn with gates", gated);
  const Learnt resnet = run<SeResNet>(sample, device, task, options, "se_resnet", excited);

  CnnGate model(device, gated);  // as it was saved, norms folded into its convolutions
  const ImageBatch batch = task.test(0);
  const CnnResult seen = model.run(batch.pixels, int64_t(batch.labels.size()), true);
  sample.number("gates: accuracy gained", with.accuracy - without.accuracy);
  if (made) {
    sample.number("gate of stage 1: on the patch, times elsewhere", focus(seen, batch.count, sample.seed));
    if (options.course.steps == 0 && options.course.epochs >= 3)
      sample.holds("all networks are right twice as often as by chance",
                   std::min({without.accuracy, with.accuracy, resnet.accuracy}) > 0.5);
  }
  if (sample.out.empty()) return;
  draw(sample.out / "gates.png", batch, seen);
  fmt::print("what the gates look at: {}\n", (sample.out / "gates.png").string());
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("Convolutional networks with attention and without, on the same pictures.");
  Options options;
  auto* data =
      sample.app.add_option("--data", options.data, "folder of class folders; without it pictures are made");
  auto* validation = sample.app.add_option("--validation", options.validation, "the same, for the test");
  data->needs(validation);
  validation->needs(data);
  sample.app.add_option("--epochs", options.course.epochs)->check(CLI::PositiveNumber)->capture_default_str();
  sample.app.add_option("--batch", options.course.batch, "images of a step")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sample.app.add_option("--steps", options.course.steps, "of an epoch at most")->check(CLI::PositiveNumber);
  sample.app.add_option("--rate", options.course.rate, "highest learning rate")->capture_default_str();
  sample.app.add_option("--width", options.width, "channels of the first stage")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  return sample.run(argc, argv, [&](Sample&) { compare(sample, options); });
}
