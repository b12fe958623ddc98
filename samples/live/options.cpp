#include "options.h"

void add_options(CLI::App& app, Options& options) {
  app.add_option("SCENE", options.scene, "pictures that the camera moves over, or a folder of frames");
  app.add_option("--model", options.model, "Hugging Face directory, vit or deit; else samples/models/vit");
  app.add_option("--device", options.device, "part of the name of the device to open");
  app.add_option("--seconds", options.seconds, "of each picture")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--rate", options.rate, "frames a second of a folder")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--every", options.every, "a look begins no more often than every so many frames")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--slice", options.slice, "milliseconds of the device that Fovea may take of a frame")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--refresh", options.refresh, "frames a second; the monitor's by default")
      ->check(CLI::PositiveNumber);
  app.add_option("--width", options.width, "of the window")
      ->check(CLI::Range(640, 7680))
      ->capture_default_str();
  app.add_option("--height", options.height, "of the window")
      ->check(CLI::Range(480, 4320))
      ->capture_default_str();
  app.add_option("--font", options.font, "TrueType file for the panel")->check(CLI::ExistingFile);
  app.add_option("--layer", options.layer, "to begin with, from 1; the last one by default")
      ->check(CLI::PositiveNumber);
  app.add_option("--head", options.head, "to begin with, from 1; the mean of all by default")
      ->check(CLI::PositiveNumber);
  app.add_option("--cursor", options.cursor, "places the mouse: x and y from 0 to 1 of the picture")
      ->expected(2)
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--frames", options.frames, "ends after so many, counted when the model is ready")
      ->check(CLI::PositiveNumber);
  app.add_option("--screenshot", options.screenshot, "writes the last frame")
      ->type_name("OUT.png")
      ->needs("--frames");
  app.add_flag("--validation", options.validation, "with the Khronos layer; a message of it is an error");
  app.add_flag("--json", options.json, "what was measured as one object on the last line");
}
