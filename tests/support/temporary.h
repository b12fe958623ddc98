// Files for one test, and what a rejection says.
#pragma once

#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"

namespace fovea::test {

// A folder of its own, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    do path_ = std::filesystem::temp_directory_path() / concat("fovea-test-", random());
    while (!std::filesystem::create_directory(path_));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = path_ / name;
    std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
    return path;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The message of the Error that `action` throws; a test failure when it throws none.
template <class Action>
std::string rejection(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("expected an Error");
  return {};
}

// The same, of an Error that says a file is to blame: ErrorCode::bad_file.
template <class Action>
std::string bad_file(const Action& action) {
  return rejection([&] {
    try {
      action();
    } catch (const Error& error) {
      INFO("message: " << error.what());
      CHECK(error.code() == ErrorCode::bad_file);
      throw;
    }
  });
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The message of such an Error holds every part.
template <class Action>
void check_bad_file(const Action& action, const std::vector<std::string>& parts) {
  const std::string message = bad_file(action);
  for (const std::string& part : parts) {
    INFO("message: " << message);
    REQUIRE(contains(message, part));
  }
}

}  // namespace fovea::test
