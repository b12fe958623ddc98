// cnn_attention: does attention help a convolutional network, and what does it look at?
//
//   cnn_attention [--data DIR [--validation DIR]] [--epochs N] [--batch N] [--steps N] [--out DIR] [--json]
//
// Trains three networks on the same pictures: a small one, the same with a gate over places in every stage,
// and a residual network with squeeze and excitation. DIR holds the folders train and val (or test), as
// CIFAR-10's trees do, and each of them a folder of 32 x 32 images for each class; with --validation both
// hold class folders themselves. Without --data the program makes pictures itself: a small striped patch on a
// ground of blots, and the class is the way its stripes run; then it is known where a gate should look, and
// the program says how much of the gate lies there. Prints accuracy, size and time of each, and draws what
// the gates look at; the networks are left in --out. Ends with status 1 where a made task of full epochs is
// not learnt.
// Needs FOVEA_TRAINING.
#include <fmt/format.h>

#include <fovea/figure.hpp>
#include <fovea/heatmap.hpp>

#include "../common/model_folder.h"
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

// Pictures from all of the test, and below each the same lit by the gate of each stage.
void draw(const fs::path& path, const Task& task, CnnGate& model) {
  constexpr int64_t kShown = 8;
  const int64_t stages = model.config().stages;
  ImageSheet sheet{
      .rows = 1 + stages, .columns = kShown, .images = std::vector<Image>(kShown * (1 + stages))};
  SheetOptions options{.names = {"picture"}, .scale = 1.28};
  for (int64_t stage = 0; stage < stages; ++stage)
    options.names.push_back(fmt::format("gate of stage {}", stage + 1));
  for (int64_t i = 0; i < kShown; ++i) {
    const ImageBatch batch = task.test(uint64_t(task.tests * i / kShown));
    const int64_t row = (batch.count * i / kShown + i) % batch.count;  // classes follow each other
    const CnnResult seen = model.run(batch.pixels, int64_t(batch.labels.size()), true);
    const Image picture = picture_of(batch, row);
    options.titles.push_back(task.classes[batch.labels[size_t(row)]]);
    sheet.images[size_t(i)] = picture;
    for (int64_t stage = 0; stage < stages; ++stage) {
      const int64_t side = kSize >> stage;
      const auto first = seen.attention[size_t(stage)].begin() + row * side * side;
      const Heatmap map{side, side, std::vector<float>(first, first + side * side)};
      sheet.images[size_t((1 + stage) * kShown + i)] = overlay(picture, map, {0, 0, kSize, kSize});
    }
  }
  show_images(path, sheet, options);
}

void compare(Sample& sample, const Options& options) {
  const bool made = options.data.empty();
  const Task task =
      made ? made_task(options.course.batch, sample.seed)
           : folder_task(split_of(options.data, options.validation), options.course.batch, sample.seed);
  fmt::print("{} classes, {} batches of {} an epoch\n", task.classes.size(), task.steps,
             options.course.batch);
  Device device({.name = sample.device, .cache = cache_folder()});
  const ModelFolder folder(sample.out, "");
  const std::string plain = (folder.path / "cnn").string(), gated = (folder.path / "cnn_gate").string(),
                    excited = (folder.path / "se_resnet").string();
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
  draw(sample.out / "gates.png", task, model);
  fmt::print("what the gates look at: {}\n", (sample.out / "gates.png").string());
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("Convolutional networks with attention and without, on the same pictures.");
  Options options;
  auto* data = sample.app.add_option("--data", options.data,
                                     "folder with train and val (or test), each of class folders; without it "
                                     "pictures are made");
  sample.app
      .add_option("--validation", options.validation,
                  "class folders of the test, where --data has those to learn")
      ->needs(data);
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
