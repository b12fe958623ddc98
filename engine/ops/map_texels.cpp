#include "shaders/map_texels.h"

#include <bit>
#include <cmath>

#include "core/colormap.h"
#include "core/light.h"
#include "ops/texels.h"

namespace fovea {
namespace {

constexpr const char* kOp = "map_texels";

void check_options(const Shape& map, const MapTexelsOptions& options) {
  FOVEA_CHECK(map.rank() == 2, kOp, ": needs light (rows, columns), got ", map);
  FOVEA_CHECK(
      options.width >= 1 && options.height >= 1 && options.width <= INT32_MAX && options.height <= INT32_MAX,
      kOp, ": an image of ", options.width, " x ", options.height, " texels");
  const Region& seen = options.seen;
  FOVEA_CHECK(seen.width > 0 && seen.height > 0 && std::isfinite(seen.width + seen.height) &&
                  std::isfinite(seen.left + seen.top),
              kOp, ": a map on ", seen.width, " x ", seen.height, " texels at ", seen.left, ", ", seen.top);
  for (const float alpha : {options.alpha_dark, options.alpha_light})
    FOVEA_CHECK(alpha >= 0 && alpha <= 1, kOp, ": an alpha of ", alpha, ", needs 0 to 1");
}

// See shaders/map_texels.h.
std::vector<uint32_t> table_of(const std::vector<SplineTaps>& taps) {
  std::vector<uint32_t> words(8 * taps.size());
  for (size_t pixel = 0; pixel < taps.size(); ++pixel)
    for (size_t i = 0; i < 4; ++i) {
      words[i * taps.size() + pixel] = taps[pixel].cells[i];
      words[(4 + i) * taps.size() + pixel] = std::bit_cast<uint32_t>(float(taps[pixel].weights[i]));
    }
  return words;
}

std::vector<uint32_t> words_of(std::span<const Colour> colours, bool blue_first) {
  const size_t red = blue_first ? 2 : 0, blue = 2 - red;
  std::vector<uint32_t> words;
  for (const Colour& colour : colours) words.push_back(colour[red] | colour[1] << 8 | colour[blue] << 16);
  return words;
}

}  // namespace

Tensor map_texels(Tensor light, const MapTexelsOptions& given) {
  light = dense(kOp, light);
  MapTexelsOptions options = given;
  if (options.seen.width == 0) options.seen = {0, 0, double(options.width), double(options.height)};
  check_options(light.shape(), options);
  constexpr Colour kBlack[] = {{0, 0, 0}, {0, 0, 0}};
  if (!options.colours) options.alpha_dark = 1 - kDarkest, options.alpha_light = 0;
  const bool halves = is_halves(options.format);
  const bool linear = is_linear(kOp, options.format, options.encoding);
  const auto stored = stored_bytes(options.format, linear);
  const auto colours =
      words_of(options.colours ? colours_of(*options.colours) : kBlack, is_blue_first(options.format));
  const int64_t rows = light.shape()[0], columns = light.shape()[1];
  const Region& seen = options.seen;
  const auto across = table_of(spline_taps(int(options.width), seen.left, seen.width, columns));
  const auto down = table_of(spline_taps(int(options.height), seen.top, seen.height, rows));
  const MapTexelsParams params{.width = uint32_t(options.width),
                               .height = uint32_t(options.height),
                               .columns = uint32_t(columns),
                               .colours = uint32_t(colours.size()),
                               .alpha_dark = options.alpha_dark,
                               .alpha_light = options.alpha_light};
  const Shape texels{options.height, options.width};
  return light.graph->add({.op = kOp,
                           .detail = name(options.format),
                           .inputs = {light},
                           .shape = halves ? texels.appended(2) : texels,
                           .dtype = DType::u32,
                           .more = {{.shape = {options.height, columns}}},  // of map_texels_rows
                           .launch = [=](Launch& k) {
                             k.dispatch({.kernel = "map_texels_rows",
                                         .groups = elements(k, uint64_t(params.height) * params.columns, 1),
                                         .reads = {{"x", k.in()}, {"down", k.table(down)}},
                                         .writes = {{"y", k.out(1)}}},
                                        params);
                             const uint64_t a_group = lanes(k) * kMapSteps,
                                            groups = (params.width + a_group - 1) / a_group;
                             k.dispatch({.kernel = concat(kOp, "_", variant_of(options.format, linear)),
                                         .groups = k.rows(groups * params.height),
                                         .reads = {{"x", k.out(1)},
                                                   {"across", k.table(across)},
                                                   {"colours", k.table(colours)},
                                                   {"stored", stored.empty() ? Span() : k.table(stored)}},
                                         .writes = {{"y", k.out()}}},
                                        params);
                           }});
}

}  // namespace fovea
