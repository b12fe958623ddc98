// Places of an image as conv2d.h counts them.
#include "../conv2d.h"

// The image has kUp.x - 1 columns of zeros between its columns, and rows likewise: for gradients of strides.
layout(constant_id = 5) const uint kUpX = 1;
layout(constant_id = 6) const uint kUpY = 1;
const uint kOutside = 0x80000000u;  // a y that no sum brings back into the image

struct Place {
  uint x, y;  // pixels
  uint at;    // elements; with gaps between columns without x and y
};

uvec2 halves(uint word) { return uvec2(word & 0xffffu, word >> 16); }
uvec2 signed_halves(uint word) { return uvec2(int(word << 16) >> 16, int(word) >> 16); }
bool spaced() { return kUpX > 1 || kUpY > 1; }

Place place_of(uint index, Conv2dAxis axis, uint width) {
  const uvec2 extent = halves(axis.extent), step = halves(axis.step);
  const uint row = index / extent.x, z = row / extent.y;
  Place place;
  place.x = (index - row * extent.x) * step.x;
  place.y = (row - z * extent.y) * step.y;
  place.at = z * axis.z + (spaced() ? 0 : place.y * width + place.x);
  return place;
}

// image[a + b]
float image_at(F32 image, uvec2 size, Place a, Place b) {
  const uint x = a.x + b.x, y = a.y + b.y;
  bool inside = x < size.x * kUpX && y < size.y * kUpY;
  uint at = a.at + b.at;
  if (spaced()) {
    inside = inside && x % kUpX == 0 && y % kUpY == 0;
    at += y / kUpY * size.x + x / kUpX;
  }
  const float value = image.at[inside ? at : 0];
  return inside ? value : 0;
}
