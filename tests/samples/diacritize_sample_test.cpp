// The sample diacritize: the small recorded model's text and picture, and the real one's where it is.
#include <catch2/catch_test_macros.hpp>

#include "fovea/image.hpp"
#include "support/models.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("diacritize prints lines with their signs and draws the first") {
  const TemporaryFolder folder;
  const Outcome outcome =
      run_program("diacritize",
                  {"--model", FOVEA_SOURCE_DIR "/tests/golden/diacritizer", "--out", folder.path().string()},
                  "باب\n\nدار\n");
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  REQUIRE(outcome.lines().size() == 3);
  CHECK(outcome.lines()[0].starts_with("ب"));
  CHECK(outcome.lines()[1].empty());
  CHECK(load_image(folder.path() / "diacritize.png").width > 200);
  CHECK(run_program("diacritize", {"--model", folder.path().string(), "ب"}).status == 1);
  CHECK(run_program("diacritize", {}).status == 2);
}

TEST_CASE("diacritize vowels a line by arabic-diacritizer") {
  const std::string model = model_to_test("arabic-diacritizer").string();
  const Outcome outcome = run_program("diacritize", {"--model", model, "ذهب الولد إلى المدرسة"});
  CHECK(outcome.out == "ذَهَبَ الْوَلَدُ إلَى الْمَدْرَسَةِ\n");
}
