// Curves over steps: a series with its moving average, and a second one with an axis of its own. Of
// fovea_viz.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "fovea/core.hpp"

namespace fovea FOVEA_API {

struct CurveLabels {
  std::string training = "loss", validation = "validation", steps = "step";
};

// A PNG or SVG of 9.6 x 5.4 inches, 960 x 540 pixels: the loss over the steps, light, and its moving average,
// dark; beside it the measure of the validations with an axis of its own on the right. Points come in the
// order of their steps; either may be missing, and what is not finite is not drawn. The axis of the loss
// leaves out the worst hundredth of it. The picture grows where its legend does not fit. The file is written
// whole or not at all.
void write_loss_curve(const std::filesystem::path& path, std::span<const CurvePoint> training,
                      std::span<const CurvePoint> validation, const CurveLabels& labels = {});

}  // namespace fovea
