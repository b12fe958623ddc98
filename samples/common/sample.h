// What the samples of the textbook share: their options, and numbers printed beside what they should be.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

// A file or folder of the project: as it is named, where that is there, else below the project's folder.
inline std::string project_file(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path ours = fs::path(FOVEA_SOURCE_DIR) / name;
  return fs::exists(name) || !fs::exists(ours) ? name : ours.string();
}

// Where a sample runs, what it draws numbers from, and where its pictures go.
struct Sample {
  explicit Sample(const std::string& about) : app(about) {
    app.add_option("--device", device, "index or part of the name");
    app.add_option("--seed", seed, "of random numbers")->capture_default_str();
    app.add_option("--out", out, "folder for pictures; none are made without it");
    app.add_flag("--json", json, "the numbers as one object on the last line");
  }

  // What main() returns: 0, 1 after an error or with a number that is not as expected, 2 on wrong usage.
  int run(int argc, char** argv, const std::function<void(Sample&)>& body) {
    try {
      app.parse(argc, argv);
      if (!out.empty()) std::filesystem::create_directories(out);
      body(*this);
      if (json) fmt::print("{}\n", numbers.dump());
      return expected && std::fflush(stdout) == 0 ? 0 : 1;
    } catch (const CLI::ParseError& problem) {
      return app.exit(problem) == 0 ? 0 : 2;
    } catch (const std::exception& problem) {
      fmt::print(stderr, "error: {}\n", problem.what());
      return 1;
    }
  }

  // A number, and under `name` in the JSON.
  void number(const std::string& name, double value) {
    numbers[name] = value;
    fmt::print("  {:<44} {:>12.6g}\n", name, value);
  }
  // A number beside what it should be, within `tolerance` of it.
  void number(const std::string& name, double value, double should_be, double tolerance) {
    numbers[name] = value;
    const bool good = std::abs(value - should_be) <= tolerance;  // false for NaN
    expected = expected && good;
    fmt::print("  {:<44} {:>12.6g}   expected {:.6g}{}\n", name, value, should_be, good ? "" : "   NO");
  }
  // A statement that should hold, as 1 or 0 in the JSON.
  void holds(const std::string& name, bool value) {
    numbers[name] = int(value);
    expected = expected && value;
    fmt::print("  {:<44} {:>12}\n", name, value ? "yes" : "NO");
  }

  CLI::App app;
  std::string device;
  uint32_t seed = 1;
  std::filesystem::path out;
  bool json = false;
  nlohmann::ordered_json numbers = nlohmann::ordered_json::object();
  bool expected = true;  // all numbers so far are as they should be
};
