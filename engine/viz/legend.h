// The legend of a plot: pieces of line with their names, row after row above it.
#pragma once

#include <string>
#include <vector>

#include "viz/scene.h"

namespace fovea {

struct LegendEntry {
  Text name;
  Pen pen;
  bool dots = false;
};

// Above `bottom`, from `left` on; a row ends before `right` if it can.
void draw_legend(Scene& scene, const std::vector<LegendEntry>& entries, double left, double right,
                 double bottom);

}  // namespace fovea
