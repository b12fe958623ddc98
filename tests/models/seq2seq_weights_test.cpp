#include "models/seq2seq/weights.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Pair i of column pairs has a wavelength of 2 pi * 10000^(i / pairs), or / (pairs - 1) to the end.
std::vector<double> reference(int64_t count, int64_t width, const Sinusoids& what) {
  std::vector<double> table;
  for (int64_t row = 0; row < count; ++row)
    for (int64_t column = 0; column < width; ++column) {
      const int64_t pairs = width / 2;
      const int64_t pair = what.interleaved ? column / 2 : column % pairs;
      const bool cosine = what.interleaved ? column % 2 == 1 : column >= pairs;
      const double wave = std::pow(10000.0, double(pair) / double(what.to_the_end ? pairs - 1 : pairs));
      const double angle = double(what.first + row) / wave;
      table.push_back(cosine ? std::cos(angle) : std::sin(angle));
    }
  return table;
}

}  // namespace

TEST_CASE("sinusoids follow their formula, in halves and in turn, to the end and not") {
  for (const int64_t width : {4, 6, 32})
    for (const int64_t first : {0, 1, 2})
      for (const bool interleaved : {false, true})
        for (const bool to_the_end : {false, true}) {
          const Sinusoids what{first, interleaved, to_the_end};
          INFO("width " << width << ", first " << first << ", in turn " << interleaved << ", to the end "
                        << to_the_end);
          check_close(sinusoids(7, width, what), reference(7, width, what), kElementwise);
        }
}

TEST_CASE("sinusoids of the first positions, by hand") {
  const float s1 = std::sin(1.0f), c1 = std::cos(1.0f), s2 = std::sin(0.01f), c2 = std::cos(0.01f);
  check_close(sinusoids(2, 4, {}), {0, 0, 1, 1, s1, s2, c1, c2}, kElementwise);
  check_close(sinusoids(2, 4, {.interleaved = true}), {0, 1, 0, 1, s1, c1, s2, c2}, kElementwise);
  const float s4 = std::sin(0.0001f), c4 = std::cos(0.0001f);
  check_close(sinusoids(1, 4, {.first = 1, .to_the_end = true}), {s1, s4, c1, c4}, kElementwise);
}

TEST_CASE("sinusoids need an even width of at least 4") {
  check_rejects([] { sinusoids(2, 5, {}); }, {"sinusoids", "5"});
  check_rejects([] { sinusoids(2, 2, {}); }, {"sinusoids", "2"});
}
