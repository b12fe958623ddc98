// Where a sample leaves its models.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <string>

// A folder for a model: below `out`, or one that goes with it.
struct ModelFolder {
  explicit ModelFolder(const std::filesystem::path& out, const std::string& name = "model")
      : temporary(out.empty()) {
    path = temporary
               ? std::filesystem::temp_directory_path() / fmt::format("fovea-{}", std::random_device()())
               : out / name;
    std::filesystem::create_directories(path);
  }
  ~ModelFolder() {
    std::error_code ignored;
    if (temporary) std::filesystem::remove_all(path, ignored);
  }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;
  std::string name() const { return path.string(); }

  std::filesystem::path path;
  bool temporary;
};
