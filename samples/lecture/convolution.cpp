// Slides 5 and 6: attention inside convolutional networks.
#include <fovea/figure.hpp>

#include "plain.h"
#include "slides.h"

using namespace fovea;

namespace {

constexpr int64_t kIn = 3, kOut = 4, kSide = 12;
constexpr size_t kPlaces = size_t(kSide * kSide);

// A bright square on a dark ground, in three colours, with noise.
std::vector<float> picture(uint32_t seed) {
  std::vector<float> pixels = random_numbers(size_t(kIn) * kPlaces, seed);
  for (size_t i = 0; i < pixels.size(); ++i) {
    const int64_t row = int64_t(i % kPlaces) / kSide, column = int64_t(i) % kSide;
    const bool inside = row >= 3 && row < 7 && column >= 5 && column < 9;
    pixels[i] = 0.2f * pixels[i] + (inside ? 1.0f : 0.0f);
  }
  return pixels;
}

// Slide 5: relu(norm(convolution)) times sigmoid(convolution(relu(convolution))).
void gate(Slides& slides) {
  const uint32_t seed = slides.sample.seed;
  const Conv2dWeights trunk = fresh_conv2d({kOut, kIn, 3, 3}, seed, false),
                      branch = fresh_conv2d({kOut, kIn, 3, 3}, seed + 1),
                      mask = fresh_conv2d({1, kOut, 3, 3}, seed + 2);
  const Conv2dOptions same{.padding = {1, 1}};
  Device& device = slides.device;
  const AttentionGate layer(
      NormedConv2d(Conv2d(device, trunk, same), BatchNorm2d(device, BatchNorm2d::fresh(kOut))),
      Conv2d(device, branch, same), Conv2d(device, mask, same));
  Graph graph;
  const Tensor x = graph.input({1, kIn, kSide, kSide});
  const AttentionGate::Result made = layer(x, Use::training);
  Plan plan(device, graph, {made.out, made.gate});
  const std::vector<float> pixels = picture(seed);
  plan.write(x, pixels);
  plan.run();

  const Numbers wide(pixels.begin(), pixels.end());
  const Numbers of_trunk =
      plain_relu(plain_norm(plain_convolution(wide, trunk.weight, {}, kIn, kSide), size_t(kOut), 1e-5));
  const Numbers hidden = plain_relu(plain_convolution(wide, branch.weight, branch.bias, kIn, kSide));
  const Numbers gates = plain_sigmoid(plain_convolution(hidden, mask.weight, mask.bias, kOut, kSide));
  Numbers out;
  for (size_t i = 0; i < of_trunk.size(); ++i) out.push_back(of_trunk[i] * gates[i % kPlaces]);
  fmt::print("slide 5, a gate: x {} -> trunk {} times gate {}\n", to_string(x.shape()),
             to_string(made.out.shape()), to_string(made.gate.shape()));
  slides.sample.number("slide 5: worst difference of the gate", worst_difference(plan.read(made.gate), gates),
                       0, 1e-5);
  slides.sample.number("slide 5: worst difference of the product", worst_difference(plan.read(made.out), out),
                       0, 1e-4);
  if (!slides.draws()) return;
  Matrices drawn{.columns = 2, .queries = kSide, .keys = kSide, .values = {}};
  drawn.values.assign(pixels.begin(), pixels.begin() + int64_t(kPlaces));
  for (float& pixel : drawn.values) pixel = std::clamp(pixel, 0.0f, 1.0f);
  const std::vector<float> seen = plan.read(made.gate);
  drawn.values.insert(drawn.values.end(), seen.begin(), seen.end());
  show_heatmaps(slides.picture("slide-05-gate.png"), drawn, {.titles = {"picture", "gate"}});
}

// Slide 6: channels times sigmoid(up(relu(down(their means)))).
void excitation(Slides& slides) {
  constexpr int64_t kChannels = 8, kSqueezed = 2;
  const uint32_t seed = slides.sample.seed;
  const std::vector<float> down = random_numbers(kSqueezed * kChannels, seed + 3),
                           up = random_numbers(kChannels * kSqueezed, seed + 4),
                           pixels = random_numbers(size_t(kChannels) * kPlaces, seed + 5);
  const std::vector<float> bias_down(kSqueezed, 0.5f), bias_up(kChannels, 0.0f);
  Device& device = slides.device;
  const SqueezeExcitation layer(Linear(device, kSqueezed, kChannels, down, bias_down),
                                Linear(device, kChannels, kSqueezed, up, bias_up));
  Graph graph;
  const Tensor x = graph.input({1, kChannels, kSide, kSide});
  const SqueezeExcitation::Result made = layer(x);
  Plan plan(device, graph, {made.out, made.excitation});
  plan.write(x, pixels);
  plan.run();

  Numbers means(kChannels), squeezed(kSqueezed, 0.5), excitations(kChannels), out;
  for (size_t i = 0; i < pixels.size(); ++i) means[i / kPlaces] += double(pixels[i]) / double(kPlaces);
  for (size_t i = 0; i < down.size(); ++i) squeezed[i / kChannels] += double(down[i]) * means[i % kChannels];
  squeezed = plain_relu(squeezed);
  for (size_t i = 0; i < up.size(); ++i)
    excitations[i / kSqueezed] += double(up[i]) * squeezed[i % kSqueezed];
  excitations = plain_sigmoid(excitations);
  for (size_t i = 0; i < pixels.size(); ++i) out.push_back(double(pixels[i]) * excitations[i / kPlaces]);
  fmt::print("slide 6, squeeze and excitation: x {} -> means (1, {}) -> (1, {}) -> excitation {}\n",
             to_string(x.shape()), kChannels, kSqueezed, to_string(made.excitation.shape()));
  const std::vector<float> got = plan.read(made.excitation);
  slides.sample.number("slide 6: worst difference of the excitation", worst_difference(got, excitations), 0,
                       1e-5);
  slides.sample.number("slide 6: worst difference of the product", worst_difference(plan.read(made.out), out),
                       0, 1e-5);
  if (slides.draws())
    show_heatmaps(slides.picture("slide-06-excitation.png"), {.queries = 1, .keys = kChannels, .values = got},
                  {.xlabel = "channel", .height = 0.5, .low = 0.0, .high = 1.0});
}

}  // namespace

void convolution_slides(Slides& slides) {
  gate(slides);
  excitation(slides);
}
