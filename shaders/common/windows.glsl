// Windows of pool2d.h along one axis: which pixels one sees, and which ones see a pixel.
#include "../pool2d.h"

// Pixels [x, y) of window number i.
uvec2 pixels_of(uint i, uint kernel, uint stride, uint padding, uint pixels) {
  const uint first = i * stride;  // counted from the padding on
  const uint begin = max(first, padding) - padding;
  return uvec2(begin, max(min(first + kernel, pixels + padding), padding) - padding);
}

// Windows [x, y) that see a pixel.
uvec2 windows_of(uint pixel, uint kernel, uint stride, uint padding, uint windows) {
  const uint at = pixel + padding;
  const uint begin = at < kernel ? 0 : (at - kernel) / stride + 1;
  return uvec2(begin, min(at / stride + 1, windows));
}

// What a workgroup makes: rows [y, z) of plane x of an image of `rows` rows; x is beyond p.planes for none.
uvec3 band_of(uint rows, uint band) {
  const uint bands = (rows + band - 1) / band, plane = group_index() / bands;
  const uint first = (group_index() - plane * bands) * band;
  return uvec3(plane, first, min(first + band, rows));
}
