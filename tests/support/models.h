// Models to test with that are not part of the project: FOVEA_MODELS is the folder that they lie in.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace fovea::test {

// The directory of this name there; a test that needs it is skipped where there is none.
inline std::filesystem::path model_to_test(const std::string& name) {
  const char* folder = std::getenv("FOVEA_MODELS");
  if (!folder) SKIP("needs the model " << name << ": set FOVEA_MODELS to the folder that it lies in");
  const std::filesystem::path directory = std::filesystem::path(folder) / name;
  if (!std::filesystem::is_directory(directory)) SKIP("needs the model " << directory << ": there is none");
  return directory;
}

}  // namespace fovea::test
