#include "shaders/pixels.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/resample.h"
#include "ops/texels.h"

namespace fovea {
namespace {

constexpr const char* kOp = "pixels";
constexpr int64_t kMostPixels = int64_t(1) << 15;  // a side

// One axis, from texels to the result.
struct Axis {
  uint32_t before = 0;  // black pixels in front of those that are made
  uint32_t made = 0;
  uint32_t first = 0, needed = 0;  // texels
  uint32_t taps = 0;               // a pixel
  std::vector<uint32_t> table;     // see shaders/pixels.h; counted from the first texel that is needed
};

// from: texels; resized: pixels after resizing; [start, start + count) of them are the result.
Axis axis_of(int64_t from, int64_t resized, int64_t start, int64_t count, Resample filter) {
  Axis axis;
  const int64_t begin = std::clamp<int64_t>(start, 0, resized);
  const int64_t end = std::clamp<int64_t>(start + count, 0, resized);
  axis.before = uint32_t(std::min(begin - start, count));
  if (begin >= end) return axis;
  const std::vector<Taps> all = resample_taps(int(from), int(resized), filter);
  const std::span taps = std::span(all).subspan(size_t(begin), size_t(end - begin));
  for (const Taps& tap : taps) axis.taps = std::max(axis.taps, uint32_t(tap.weights.size()));
  // All pixels take equally many texels, those of the edge some with weight 0: a window that stays inside.
  const auto window = [&](const Taps& tap) { return std::min(tap.first, int(from) - int(axis.taps)); };
  const int first = window(taps.front());
  axis.made = uint32_t(taps.size());
  axis.first = uint32_t(first);
  axis.needed = uint32_t(window(taps.back()) - first) + axis.taps;
  axis.table.resize(taps.size() * (1 + axis.taps));
  for (size_t i = 0; i < taps.size(); ++i) {
    const int shifted = taps[i].first - window(taps[i]);
    axis.table[i] = uint32_t(window(taps[i]) - first);
    for (size_t k = 0; k < taps[i].weights.size(); ++k)
      axis.table[(1 + size_t(shifted) + k) * taps.size() + i] = uint32_t(taps[i].weights[k]);
  }
  return axis;
}

void check_options(const Shape& texels, const PixelsOptions& options) {
  const bool wide = is_halves(options.format);
  FOVEA_CHECK(texels.rank() == (wide ? 3 : 2) && (!wide || texels[2] == 2), kOp, ": texels ", texels, ", ",
              name(options.format), " takes ", wide ? "(height, width, 2)" : "(height, width)");
  for (const int64_t side :
       {texels[0], texels[1], options.resize_width, options.resize_height, options.width, options.height})
    FOVEA_CHECK(side >= 0 && side <= kMostPixels, kOp, ": a side of ", side, " pixels, 0 to ", kMostPixels,
                " are possible");
  for (const int64_t start : {options.left, options.top})
    FOVEA_CHECK(std::abs(start) <= kMostPixels, kOp, ": the result starts at ", start, ", at most ",
                kMostPixels, " from the image");
  for (const float deviation : options.std)
    FOVEA_CHECK(std::isnormal(deviation) && deviation > 0, kOp, ": a deviation of ", deviation,
                ", needs one above 0");
}

std::vector<uint32_t> values_of(const PixelsOptions& options) {
  std::vector<uint32_t> words;
  for (size_t colour = 0; colour < 3; ++colour)
    for (const float value :
         normalised_bytes(options.rescale_factor, options.mean[colour], options.std[colour]))
      words.push_back(std::bit_cast<uint32_t>(value));
  return words;
}

}  // namespace

Tensor pixels(Tensor texels, const PixelsOptions& given) {
  texels = dense(kOp, texels, DType::u32);
  check_options(texels.shape(), given);
  PixelsOptions options = given;
  const int64_t across = texels.shape()[1], down = texels.shape()[0];
  if (options.resize_width == 0) options.resize_width = across;
  if (options.resize_height == 0) options.resize_height = down;
  if (options.width == 0) options.width = options.resize_width;
  if (options.height == 0) options.height = options.resize_height;
  const bool linear = is_linear(kOp, options.format, options.encoding);
  const std::string rows_kernel = concat("pixels_rows_", variant_of(options.format, linear));
  const Axis x = axis_of(across, options.resize_width, options.left, options.width, options.resample);
  const Axis y = axis_of(down, options.resize_height, options.top, options.height, options.resample);
  FOVEA_CHECK(x.made > 0 && y.made > 0, kOp, ": ", options.width, " x ", options.height, " pixels at ",
              options.left, ", ", options.top, " of an image of ", options.resize_width, " x ",
              options.resize_height);
  const PixelsRowsParams rows{.width = uint32_t(across),
                              .first = uint32_t(y.first * across + x.first),
                              .rows = y.needed,
                              .columns = x.made,
                              .taps = x.taps};
  const PixelsParams params{.width = uint32_t(options.width),
                            .height = uint32_t(options.height),
                            .left = x.before,
                            .columns = x.made,
                            .top = y.before,
                            .rows = y.made,
                            .taps = y.taps};
  return texels.graph->add(
      {.op = kOp,
       .detail = concat(name(options.format), " to ", options.resize_width, " x ", options.resize_height),
       .inputs = {texels},
       .shape = {1, 3, options.height, options.width},
       .more = {{.shape = {y.needed, x.made}, .dtype = DType::u32}},  // of pixels_rows
       .launch = [=, values = values_of(options),
                  encoded = encoded_bytes(options.format, linear)](Launch& k) {
         const uint64_t strips = (rows.rows + kPixelRows - 1) / kPixelRows,
                        groups = (rows.columns + lanes(k) - 1) / lanes(k);
         k.dispatch({.kernel = rows_kernel,
                     .groups = k.rows(strips * groups),
                     .reads = {{"x", k.in()},
                               {"taps", k.table(x.table)},
                               {"encoded", encoded.empty() ? Span() : k.table(encoded)}},
                     .writes = {{"y", k.out(1)}}},
                    rows);
         k.dispatch({.kernel = kOp,
                     .groups = elements(k, uint64_t(params.width) * params.height, 1),
                     .constants = {{"kBlueFirst", is_blue_first(options.format)}},
                     .reads = {{"x", k.out(1)}, {"taps", k.table(y.table)}, {"value", k.table(values)}},
                     .writes = {{"y", k.out()}}},
                    params);
       }});
}

}  // namespace fovea
