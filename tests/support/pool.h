// Windows over images in double precision, for the tests of pooling.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "support/check.h"

namespace fovea::test {

// value(pixels of a window that lie in the image, pixels of the kernel) for every window.
inline std::vector<double> pooled(const std::vector<double>& x, const Shape& shape,
                                  const Pool2dOptions& options,
                                  const std::function<double(const std::vector<double>&, int64_t)>& value) {
  const auto& [kernel, given, padding, counts] = options;
  const int64_t down = given[0] ? given[0] : kernel[0], across = given[1] ? given[1] : kernel[1];
  std::vector<double> y;
  for (int64_t plane = 0; plane < shape[0] * shape[1]; ++plane)
    for (int64_t top = -padding[0]; top + kernel[0] <= shape[2] + padding[0]; top += down)
      for (int64_t left = -padding[1]; left + kernel[1] <= shape[3] + padding[1]; left += across) {
        std::vector<double> window;
        for (int64_t i = std::max<int64_t>(top, 0); i < std::min(top + kernel[0], shape[2]); ++i)
          for (int64_t j = std::max<int64_t>(left, 0); j < std::min(left + kernel[1], shape[3]); ++j)
            window.push_back(x[size_t((plane * shape[2] + i) * shape[3] + j)]);
        y.push_back(value(window, kernel[0] * kernel[1]));
      }
  return y;
}

inline void for_each_pool(const std::function<void(const Shape&, const Pool2dOptions&)>& check) {
  const Shape shape{2, 2, 7, 9};
  for (const Pixels& kernel : {Pixels{2, 2}, Pixels{3, 3}, Pixels{3, 2}, Pixels{7, 4}})
    for (const Pixels& stride : {Pixels{0, 0}, Pixels{1, 1}, Pixels{2, 3}, Pixels{5, 4}})
      for (const bool padded : {false, true}) {
        const Pixels padding = padded ? Pixels{kernel[0] / 2, kernel[1] / 2} : Pixels{0, 0};
        check(shape, {.kernel = kernel, .stride = stride, .padding = padding});
      }
}

inline void check_pool_rejects(const std::string& op, Graph& graph,
                               const std::function<Tensor(Tensor, const Pool2dOptions&)>& pool) {
  const Tensor x = graph.input({2, 3, 5, 4});
  const auto rejects = [&](const Pool2dOptions& options, std::vector<std::string> parts) {
    parts.push_back(op);
    check_rejects([&] { pool(x, options); }, parts);
  };
  check_rejects([&] { pool(graph.input({2, 3, 5, 4}, DType::u32), {}); }, {op, "u32", "f32"});
  check_rejects([&] { pool(graph.input({5, 4}), {}); }, {op, "(5, 4)", "(batch, channels, h, w)"});
  rejects({.kernel = {0, 2}}, {"kernel 0", "down"});
  rejects({.kernel = {2, 5}}, {"5 of 4", "across"});
  rejects({.stride = {1, -1}}, {"stride -1", "across"});
  rejects({.kernel = {3, 3}, .padding = {2, 1}}, {"padding 2", "kernel 3", "down"});
  constexpr int64_t kLarge = int64_t(1) << 33;  // 0 in 32 bits
  rejects({.kernel = {2, kLarge}, .stride = {1, 1}, .padding = {0, kLarge / 2}}, {"8589934592", "across"});
  rejects({.kernel = {INT64_MAX, 2}, .stride = {1, 1}, .padding = {INT64_MAX / 2, 0}}, {"kernel", "down"});
  rejects({.stride = {1, kLarge}}, {"stride 8589934592", "across"});
}

}  // namespace fovea::test
