#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.h"
#include "fovea/train.hpp"

namespace fovea {

float Schedule::at(int64_t step) const {
  FOVEA_CHECK(step >= 1, "schedule: step ", step, ", the first is 1");
  const double now = double(step), warm = double(warmup);
  if (step < warmup) return float(double(rate) * now / warm);
  switch (kind) {
    case Kind::constant:
      return rate;
    case Kind::inverse_square_root:
      return float(double(rate) * std::sqrt(std::max(warm, 1.0) / now));
    case Kind::cosine:
      break;
  }
  FOVEA_CHECK(steps > warmup, "schedule: a cosine over ", steps, " steps after ", warmup, " of warm-up");
  const double part = std::min((now - warm) / double(steps - warmup), 1.0);
  const double wave = (1 + std::cos(std::numbers::pi * part)) / 2;
  return float(double(last) + (double(rate) - double(last)) * wave);
}

}  // namespace fovea
