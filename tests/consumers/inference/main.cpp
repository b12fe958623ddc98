// A program that classifies and translates with a library without training (FOVEA_INFERENCE_ONLY), given the
// folder of the shipped models and images. It prints what is not as it should be; with "no-device" behind the
// folder, what opening a device says.
#include <cmath>
#include <cstdio>
#include <exception>
#include <fovea/fovea.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#ifndef FOVEA_INFERENCE_ONLY
#error "the library does not say that it is for inference only"
#endif

namespace {

void check(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

std::string rejection(const auto& action) {
  try {
    action();
  } catch (const fovea::Error& error) {
    return error.what();
  }
  return "no error";
}

void classify(fovea::Device& device, const std::string& samples) {
  const std::string directory = samples + "/models/vit";
  fovea::VisionTransformer model(device, directory);
  const fovea::ViTConfig& config = model.config();
  const fovea::Preprocessor steps = fovea::Preprocessor::for_model(directory, config.width, config.height);
  const fovea::Image image = fovea::load_image(samples + "/images/astronaut.png");
  const std::vector<float> logits = model.run(steps.pixels(image), 1).logits;
  double sum = 0, truck = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    sum += std::exp(double(logits[i]));
    if (config.labels.at(i) == "truck") truck = std::exp(double(logits[i]));
  }
  check(std::abs(truck / sum - 0.8187) < 1e-4,
        "the astronaut is a truck with " + std::to_string(truck / sum));
}

void translate(fovea::Device& device, const std::string& samples) {
  fovea::Translator translator(device, samples + "/models/translate-en-fr");
  const std::vector<std::string> lines = {"Where is the library?"};
  const std::string text = translator.translate(lines).at(0).outputs.at(0).text;
  check(text == "Où est la bibliothèque ?", "the library is \"" + text + '"');
}

void train() {
  fovea::Graph graph;
  const fovea::Tensor x = graph.input({1});
  const std::string said = rejection([&] { graph.grad(fovea::square(x), {x}); });
  check(said == "grad: this library was built without training, FOVEA_TRAINING is OFF", "grad says: " + said);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    check(count >= 2, "the folder of the samples is missing");
    if (count > 2) {
      std::puts(rejection([] { const fovea::Device device; }).c_str());
      return 0;
    }
    fovea::Device device;
    classify(device, arguments[1]);
    translate(device, arguments[1]);
    train();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "inference: %s\n", error.what());
    return 1;
  }
}
