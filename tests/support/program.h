// Programs of the build, from the command line to their exit status.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fovea::test {

struct Outcome {
  int status;            // the exit status
  std::string out, err;  // what it printed

  std::vector<std::string> lines() const;       // of out
  std::vector<nlohmann::json> objects() const;  // of out, one a line
};

// Runs a program beside the tests with these arguments, byte for byte, and `input` as its standard input.
Outcome run_program(const std::string& name, const std::vector<std::string>& arguments,
                    const std::string& input = "");

// The same on a screen of its own, of 1400 x 900 pixels; without Xvfb the test is skipped.
Outcome run_on_screen(const std::string& name, const std::vector<std::string>& arguments);

}  // namespace fovea::test
