#include "cases.h"
#include "core/random.h"

namespace fovea::bench {

Work product_work(double m, double k, double n) {
  return Work{2 * m * k * n, kElementBytes * (m * k + k * n + m * n)};
}

Work attention_work(double heads, double tokens, double keys, double head_dim) {
  return Work{4 * tokens * keys * head_dim, kElementBytes * (2 * tokens + 2 * keys) * head_dim} * heads;
}

Work layer_norm_work(double rows, double columns) {
  return {8 * rows * columns, kElementBytes * (2 * rows * columns + 2 * columns)};
}

Work feed_forward_work(double tokens, double width, double hidden) {
  return product_work(tokens, width, hidden) + product_work(tokens, hidden, width);
}

std::string join(const std::vector<int64_t>& sizes) {
  std::string text;
  for (int64_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

std::vector<float> random_values(uint64_t count, uint32_t seed, float scale) {
  uint64_t state = seed;
  std::vector<float> values(count);
  for (float& value : values) {
    const uint64_t bits = next_bits(state);
    const float size = scale * (0.05f + 0.95f * float(bits >> 40) * 0x1p-24f);
    value = bits & 1 ? size : -size;
  }
  return values;
}

State random_state(Device& device, const Shape& shape, uint32_t seed) {
  State state(device, shape);
  state.write(random_values(shape.elements(), seed));
  return state;
}

}  // namespace fovea::bench
