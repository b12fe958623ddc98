// The panel beside the picture: what the model says, what the user chooses, how long frames take.
#pragma once

#include <deque>
#include <string>

#include "gui.h"
#include "quads.h"
#include "watcher.h"

// Milliseconds of the last frames.
struct FrameTimes {
  void add(double whole_frame, const FrameTime& device);
  std::deque<float> whole, fovea;  // from one frame to the next; of the device, what Fovea took
  double host = 0;                 // of the device, the mean of what the host itself took
};

// What the user chooses.
struct Choice {
  fovea::ViTLook look;
  float strength = 1;  // of the map over the picture
  bool attention = true;
};

struct PanelState {
  const Watcher* watcher = nullptr;  // null: it still loads
  double loaded = 0;                 // 0 to 1
  std::string device, scene;
  double slice = 0;  // milliseconds
};

// Over the right side of the window.
void draw_panel(const Rectangle& at, const PanelState& state, const FrameTimes& times, Choice& choice);
// The patch that looks, framed where the camera's image is drawn.
void draw_patch(const Rectangle& picture, const fovea::Region& patch, double camera_size);
