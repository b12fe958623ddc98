#include "shaders/rotary.h"

#include <bit>
#include <cmath>

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"

namespace fovea {
namespace {

// Cosine and sine of every place and pair, (tokens, n / 2, 2): drivers' own are too coarse for large angles.
std::vector<uint32_t> turns(int64_t tokens, int64_t n, const RotaryOptions& options) {
  std::vector<uint32_t> words;
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t i = 0; i < n; i += 2) {
      const double angle = double(options.first + t) * std::pow(options.base, -double(i) / double(n));
      words.push_back(std::bit_cast<uint32_t>(float(std::cos(angle))));
      words.push_back(std::bit_cast<uint32_t>(float(options.back ? -std::sin(angle) : std::sin(angle))));
    }
  return words;
}

}  // namespace

Tensor rotary(Tensor x, const RotaryOptions& options) {
  x = dense("rotary", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(shape.rank() >= 2 && shape.back() % 2 == 0,
              "rotary: needs (.., tokens, n) with an even n, got ", shape);
  FOVEA_CHECK(options.base > 0, "rotary: a base of ", options.base, " must be above 0");
  const RotaryParams params{uint32_t(shape.elements() / 2), uint32_t(shape.back() / 2), uint32_t(shape[-2])};
  return x.graph->add({.op = "rotary",
                       .detail = concat("first ", options.first, options.back ? " back" : ""),
                       .inputs = {x},
                       .shape = shape,
                       .launch =
                           [=](Launch& k) {
                             const std::vector<uint32_t> words = turns(shape[-2], shape.back(), options);
                             k.dispatch({.kernel = "rotary",
                                         .groups = elements(k, params.pairs, kSteps),
                                         .reads = {{"x", k.in()}, {"turns", k.table(words)}},
                                         .writes = {{"y", k.out()}}},
                                        params);
                           },
                       .grad =
                           [=](Outputs, Tensor dy) {
                             RotaryOptions other = options;
                             other.back = !options.back;
                             return std::vector{rotary(dy, other)};
                           }});
}

}  // namespace fovea
