#include "core/colormap.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

constexpr Colour kReds[] = {{255, 250, 247}, {253, 212, 195}, {250, 150, 118},
                            {238, 72, 52},   {190, 24, 28},   {105, 2, 14}};
constexpr Colour kBlues[] = {{248, 251, 255}, {205, 223, 241}, {138, 187, 222},
                             {64, 140, 196},  {20, 90, 165},   {8, 46, 104}};
// Nearly of the same lightness step by step, also to the colour-blind (van der Walt and Smith 2015).
constexpr Colour kViridis[] = {{68, 1, 84},    {72, 40, 120},  {62, 74, 137},  {49, 104, 142},
                               {38, 130, 142}, {31, 158, 137}, {53, 183, 121}, {109, 205, 89},
                               {180, 222, 44}, {253, 231, 37}};
constexpr Colour kGreys[] = {{255, 255, 255}, {0, 0, 0}};

}  // namespace

std::span<const Colour> colours_of(Colormap map) {
  if (map == Colormap::blues) return kBlues;
  if (map == Colormap::viridis) return kViridis;
  if (map == Colormap::greys) return kGreys;
  return kReds;
}

Colour colour_of(Colormap map, double share) {
  const std::span<const Colour> colours = colours_of(map);
  const double place = share * double(colours.size() - 1);
  const size_t first = std::min(size_t(place), colours.size() - 2);
  Colour made;
  for (size_t c = 0; c < 3; ++c) {
    const double from = colours[first][c], to = colours[first + 1][c];
    made[c] = uint8_t(std::lround(from + (to - from) * (place - double(first))));
  }
  return made;
}

}  // namespace fovea
