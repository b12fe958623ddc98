#include "shaders/rotary.h"

#include <bit>
#include <cmath>

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"

namespace fovea {
namespace {

// Cosine and sine of every place and pair, (places, n / 2, 2): drivers' own are too coarse for large angles.
std::vector<uint32_t> turns(int64_t places, int64_t n, const RotaryOptions& options) {
  std::vector<uint32_t> words;
  for (int64_t t = 0; t < places; ++t)
    for (int64_t i = 0; i < n; i += 2) {
      const double angle = double(options.first + t) * std::pow(options.base, -double(i) / double(n));
      words.push_back(std::bit_cast<uint32_t>(float(std::cos(angle))));
      words.push_back(std::bit_cast<uint32_t>(float(options.back ? -std::sin(angle) : std::sin(angle))));
    }
  return words;
}

}  // namespace

Tensor rotary(Tensor x, const RotaryOptions& given) {
  x = dense("rotary", x);
  RotaryOptions options = given;
  const Shape shape = x.shape();
  FOVEA_CHECK(shape.rank() >= 2 && shape.back() % 2 == 0,
              "rotary: needs (.., tokens, n) with an even n, got ", shape);
  FOVEA_CHECK(options.base > 0, "rotary: a base of ", options.base, " must be above 0");
  if (options.step) {
    options.step = dense("rotary", options.step, DType::u32);
    FOVEA_CHECK(options.step.shape() == Shape({1}), "rotary: a step ", options.step.shape(), ", needs (1)");
  }
  FOVEA_CHECK(options.steps >= 1, "rotary: ", options.steps, " steps, needs at least 1");
  const int64_t places = shape[-2] + options.steps - 1;
  const RotaryParams params{uint32_t(shape.elements() / 2), uint32_t(shape.back() / 2), uint32_t(shape[-2]),
                            uint32_t(options.steps)};
  return x.graph->add({.op = "rotary",
                       .detail = concat("first ", options.first, options.back ? " back" : ""),
                       .inputs = {x, options.step},
                       .shape = shape,
                       .launch =
                           [=](Launch& k) {
                             const std::vector<uint32_t> words = turns(places, shape.back(), options);
                             k.dispatch(
                                 {.kernel = "rotary",
                                  .groups = elements(k, params.pairs, kSteps),
                                  .constants = {{"kHasStep", k.in(1).buffer != nullptr}},
                                  .reads = {{"x", k.in(0)}, {"step", k.in(1)}, {"turns", k.table(words)}},
                                  .writes = {{"y", k.out()}}},
                                 params);
                           },
                       .grad =
                           [=](Outputs, Tensor dy) {
                             RotaryOptions other = options;
                             other.back = !options.back;
                             return std::vector{rotary(dy, other), Tensor()};
                           }});
}

}  // namespace fovea
