#include <catch2/catch_test_macros.hpp>

#include "support/search.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Every row goes on from a row of its own choice, in the history of the step's parity.
void check_rows(int64_t batch, int64_t beams, int64_t steps, int64_t columns) {
  INFO("batch " << batch << ", beams " << beams << ", steps " << steps << ", columns " << columns);
  Search search(device(), batch, beams, steps, 0);
  Graph graph;
  Tensor x = graph.input({search.rows(), columns});
  Tensor y = origin_rows(x, search);
  Stepper stepper(graph, {y}, {&search.control});
  const std::vector<float> values = random_values(x.shape().elements(), 1);
  for (int64_t step = 0; step <= steps; ++step) {
    std::vector<uint32_t> control = search.initial(0);
    control[kStepWord] = uint32_t(step);
    search.control.write(control);
    const std::vector<uint32_t> origins =
        random_ids(uint64_t(search.rows()), uint32_t(step) + 2, uint32_t(beams));
    std::vector<uint32_t> history(search.history.shape().elements(), UINT32_MAX);
    std::vector<double> want;
    for (int64_t row = 0; row < search.rows(); ++row) {
      const int64_t from = step == 0 ? row : row / beams * beams + origins[size_t(row)];
      const uint32_t parity = parity_of(search.params, uint32_t(step));
      if (step > 0)
        history[history_at(search.params, parity, kOrigins, uint32_t(row)) + size_t(step) - 1] =
            uint32_t(from);
      for (int64_t c = 0; c < columns; ++c) want.push_back(double(values[size_t(from * columns + c)]));
    }
    search.history.write(history);
    check_close(std::get<std::vector<float>>(stepper.run({{x, values}})[0]), want, kExact);
  }
}

}  // namespace

TEST_CASE("origin_rows follows every hypothesis to the row that it came from") {
  for (int64_t columns : {1, 3, 4, 7, 8, 9, 17, 33}) check_rows(2, 3, 4, columns);
  check_rows(3, 2, 1, 5);
  check_rows(1, 5, 3, 2);
}

TEST_CASE("origin_rows of one beam is x itself") {
  Search search(device(), 3, 1, 4, 0);
  Graph graph;
  Tensor x = graph.input({3, 2});
  REQUIRE(origin_rows(x, search).id == x.id);
}

TEST_CASE("origin_rows rejects what does not fit") {
  Search search(device(), 2, 2, 5, 0);
  Graph graph;
  check_rejects([&] { origin_rows(graph.input({3, 2}), search); }, {"origin_rows", "(3, 2)", "4 rows"});
  check_rejects([&] { origin_rows(graph.input({4}), search); }, {"origin_rows", "(4)"});
  check_rejects([&] { origin_rows(graph.input({4, 2}, DType::u32), search); }, {"origin_rows", "f32"});
}
