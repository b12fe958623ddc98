#include <catch2/catch_test_macros.hpp>

#include "support/search.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Steps in any order, and past the end, into a record that held other numbers.
void check_record(int64_t batch, int64_t beams, int64_t steps, int64_t columns) {
  INFO("batch " << batch << ", beams " << beams << ", steps " << steps << ", columns " << columns);
  Search search(device(), batch, beams, steps, 0);
  const Shape shape{search.rows(), steps, columns};
  State record(device(), shape);
  std::vector<float> want = random_values(shape.elements(), 1);
  record.write(want);
  Graph graph;
  Tensor x = graph.input({search.rows(), columns});
  Tensor y = record_step(x, search, record);
  REQUIRE(y.shape() == shape);
  Stepper stepper(graph, {y}, {&record, &search.control});
  for (int64_t step : {int64_t(0), steps - 1, steps / 2, steps, steps + 1, int64_t(UINT32_MAX)}) {
    std::vector<uint32_t> control = search.initial(0);
    control[kStepWord] = uint32_t(step);
    search.control.write(control);
    const std::vector<float> values = random_values(x.shape().elements(), uint32_t(step) + 2);
    for (int64_t row = 0; row < search.rows() && step < steps; ++row)
      for (int64_t c = 0; c < columns; ++c)
        want[size_t((row * steps + step) * columns + c)] = values[size_t(row * columns + c)];
    stepper.run({{x, values}});
    REQUIRE(record.read() == want);
    REQUIRE(search.control.read_u32() == control);
  }
}

}  // namespace

TEST_CASE("record_step writes one step of every row and nothing else") {
  for (int64_t columns : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131}) check_record(2, 3, 5, columns);
  check_record(1, 1, 1, 1);
  check_record(37, 1, 3, 2);
}

TEST_CASE("record_step takes strided views") {
  Search search(device(), 3, 1, 2, 0);
  State record(device(), {3, 2, 2});
  Graph graph;
  Tensor x = graph.input({2, 3});
  Stepper stepper(graph, {record_step(transpose(x), search, record)}, {&record});
  stepper.run({{x, std::vector<float>{1, 2, 3, 4, 5, 6}}});
  REQUIRE(record.read() == std::vector<float>{1, 4, 0, 0, 2, 5, 0, 0, 3, 6, 0, 0});
}

TEST_CASE("record_step rejects what does not fit") {
  Search search(device(), 2, 2, 5, 0);
  State record(device(), {4, 5, 3}), ids(device(), {4, 5, 3}, DType::u32), other(device(), {4, 6, 3});
  Graph graph;
  Tensor x = graph.input({4, 3});
  check_rejects([&] { record_step(Tensor(), search, record); }, {"record_step", "absent"});
  check_rejects([&] { record_step(graph.input({4, 3}, DType::u32), search, record); },
                {"record_step", "u32", "f32"});
  check_rejects([&] { record_step(x, search, ids); }, {"record_step", "u32", "f32"});
  check_rejects([&] { record_step(x, search, other); },
                {"record_step", "(4, 3)", "(4, 6, 3)", "4 rows", "5 steps"});
  check_rejects([&] { record_step(graph.input({3, 3}), search, record); }, {"record_step", "(3, 3)"});
  check_rejects([&] { record_step(graph.input({4, 1, 3}), search, record); }, {"record_step", "(4, 1, 3)"});
  check_rejects([&] { record_step(graph.input({}), search, record); }, {"record_step", "()"});
}
