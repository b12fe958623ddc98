#include "ops/pool2d.h"

#include <algorithm>

namespace fovea {

Windows windows(const char* op, const Shape& x, const Pool2dOptions& options) {
  constexpr int64_t kMost = 1 << 20;  // so that places, padding counted, are far from the end of 32 bits
  FOVEA_CHECK(x.rank() == 4, op, ": needs (batch, channels, h, w), got ", x);
  Pixels stride = options.stride, to{};
  for (const size_t i : {0, 1}) {
    const char* axis = i == 0 ? "down" : "across";
    const int64_t kernel = options.kernel[i], padding = options.padding[i], from = x[2 + int(i)];
    if (stride[i] == 0) stride[i] = kernel;
    FOVEA_CHECK(kernel >= 1 && stride[i] >= 1 && kernel <= kMost && stride[i] <= kMost, op, ": kernel ",
                kernel, " and stride ", stride[i], " ", axis, " must be 1 to ", kMost);
    FOVEA_CHECK(padding >= 0 && padding <= kernel / 2, op, ": padding ", padding, " ", axis,
                " must be at most half of the kernel ", kernel);
    FOVEA_CHECK(kernel <= from + 2 * padding, op, ": the kernel has ", kernel, " of ", from + 2 * padding,
                " pixels ", axis, ", padding counted");
    to[i] = (from + 2 * padding - kernel) / stride[i] + 1;
  }
  const Pool2dParams params{.planes = uint32_t(x[0] * x[1]),
                            .from_x = uint32_t(x[3]),
                            .from_y = uint32_t(x[2]),
                            .to_x = uint32_t(to[1]),
                            .to_y = uint32_t(to[0]),
                            .kernel_x = uint32_t(options.kernel[1]),
                            .kernel_y = uint32_t(options.kernel[0]),
                            .stride_x = uint32_t(stride[1]),
                            .stride_y = uint32_t(stride[0]),
                            .padding_x = uint32_t(options.padding[1]),
                            .padding_y = uint32_t(options.padding[0])};
  return {params, x, {x[0], x[1], to[0], to[1]}};
}

Groups pool_groups(const Launch& k, Pool2dParams& params, uint32_t rows) {
  // CPUs: a workgroup costs as much as some rows. GPUs: as many as there can be.
  const uint32_t wanted = k.limits().kernels == KernelClass::cpu ? 64 : 4096;
  const uint32_t bands = std::clamp(uint32_t(ceil_div(wanted, params.planes)), 1u, rows);
  params.band = uint32_t(ceil_div(rows, bands));
  return k.rows(uint64_t(params.planes) * uint64_t(ceil_div(rows, params.band)));
}

}  // namespace fovea
