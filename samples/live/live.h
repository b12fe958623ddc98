// The frames of the host: what the camera sees, Fovea's slice, the picture, the panel.
#pragma once

#include <chrono>
#include <vector>

#include "gui.h"
#include "options.h"
#include "panel.h"
#include "quads.h"
#include "scene.h"
#include "watcher.h"

class Live {
 public:
  Live(Host& host, const Options& options);

  void run();           // until the window is closed or --frames are over
  void report() const;  // what --json prints: milliseconds of frames and of Fovea in them, and the answers

 private:
  using Clock = std::chrono::steady_clock;
  void frame(bool ready, bool last);
  void place();
  void point();
  void check_choice() const;

  const Options& options_;
  Host& host_;
  Scene scene_;  // in front of the window: it may find no picture
  Window window_;
  Watcher watcher_;
  Quads quads_;
  Gui gui_;
  Clock::time_point start_ = Clock::now();
  Rectangle panel_, picture_;  // in the units of the mouse
  Choice choice_;
  FrameTimes times_;
  std::vector<double> frames_, fovea_;  // of the report
  bool pointed_ = false;
  // The last to be made and the first to go: Fovea's work and the host's end before what they use goes.
  struct End {
    Window& window;
    ~End() { window.finish(); }
  } end_{window_};
};
