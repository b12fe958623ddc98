#include "common/light.h"

const uint kMapSteps = 16;  // texels that a lane makes

// Taps of an axis lie in a table: the first cells of all its texels, the second ones, to the fourth, then
// their weights likewise.
struct MapTexelsParams {
  uint width;  // of the image
  uint height;
  uint columns;  // of the map
  uint colours;  // in the table, at least 2
  float alpha_dark;
  float alpha_light;
};
