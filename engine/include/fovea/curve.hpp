// Curves over steps: a series with its moving average, and a second one with an axis of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace fovea {

struct CurvePoint {
  int64_t step = 0;
  double value = 0;  // not drawn if it is not finite
};

struct CurveLabels {  // of ASCII
  std::string training = "loss", validation = "validation", steps = "step";
};

// A PNG of 960 x 540: the loss over the steps, light, and its moving average, dark; beside it the measure of
// the validations with an axis of its own on the right. Points come in the order of their steps; either may
// be missing. The axis of the loss leaves out the worst hundredth of it. The file is written whole or not at
// all.
void write_loss_curve(const std::filesystem::path& path, std::span<const CurvePoint> training,
                      std::span<const CurvePoint> validation, const CurveLabels& labels = {});

}  // namespace fovea
