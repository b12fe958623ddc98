// What live is asked for on its command line.
#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <string>
#include <vector>

struct Options {
  std::vector<std::string> scene;  // pictures, or one folder of them
  std::string model, device, font, screenshot;
  double seconds = 4, rate = 15;  // of a picture, and pictures a second of a folder
  int every = 10;                 // frames from one look to the next, at least
  double slice = 2;               // milliseconds
  double refresh = 0;             // frames a second; 0: the monitor's
  int width = 1280, height = 800;
  int frames = 0;  // 0: until the window is closed
  int layer = 0, head = 0;
  std::vector<double> cursor;  // x and y, parts of the picture
  bool validation = false, json = false;
};

void add_options(CLI::App& app, Options& options);
