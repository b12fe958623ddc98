#include "common/resample.h"

const uint kPixelRows = 4;  // that a lane of pixels_rows makes

// Taps of an axis lie in a table: for each pixel that is made the first one that it takes, counted from the
// first that is needed; then the first weights of all pixels, the second ones, and so on.
struct PixelsRowsParams {
  uint width;    // of the texels
  uint first;    // texel that is needed, on the upper left
  uint rows;     // that are needed
  uint columns;  // that are made
  uint taps;     // a pixel
};

struct PixelsParams {
  uint width;  // of the result
  uint height;
  uint left;     // of the columns in the result
  uint columns;  // that pixels_rows made
  uint top;      // of the rows in the result
  uint rows;     // that are made of what pixels_rows made
  uint taps;     // a pixel
};
