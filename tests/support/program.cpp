#include "support/program.h"

#include <sys/wait.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <sstream>

#include "support/temporary.h"

namespace fovea::test {
namespace {

std::string quoted(const std::string& text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return made + "'";
}

// before: what stands in front of the program's name.
Outcome run(const std::string& before, const std::string& name, const std::vector<std::string>& arguments,
            const std::string& input) {
  const TemporaryFolder folder;
  const std::filesystem::path out = folder.path() / "stdout", err = folder.path() / "stderr";
  std::string command = before + quoted(FOVEA_BINARY_DIR "/" + name);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " <" + quoted(folder.write("stdin", input).string());
  command += " >" + quoted(out.string()) + " 2>" + quoted(err.string());
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), read_bytes(out), read_bytes(err)};
}

}  // namespace

std::vector<std::string> Outcome::lines() const {
  std::vector<std::string> lines;
  std::istringstream in(out);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<nlohmann::json> Outcome::objects() const {
  std::vector<nlohmann::json> objects;
  for (const std::string& line : lines()) objects.push_back(nlohmann::json::parse(line));
  return objects;
}

Outcome run_program(const std::string& name, const std::vector<std::string>& arguments,
                    const std::string& input) {
  return run("", name, arguments, input);
}

Outcome run_on_screen(const std::string& name, const std::vector<std::string>& arguments) {
  const Outcome outcome =
      run(quoted(FOVEA_SOURCE_DIR "/tools/with-screen") + " 1400x900 ", name, arguments, "");
  if (outcome.status == 3) SKIP(outcome.err);
  return outcome;
}

}  // namespace fovea::test
