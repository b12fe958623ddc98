#include <catch2/catch_test_macros.hpp>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("detach is x itself, and gradients end there") {
  for (int64_t n : {1, 7, 8, 9, 31}) {
    Graph graph;
    const Tensor x = graph.input({n}), dy = graph.input({n});
    const std::vector<float> values = random_values(uint64_t(n), 1),
                             dy_values = random_values(uint64_t(n), 2);
    const Tensor y = mul(x, detach(x));  // as if the second factor were a number of its own
    const std::vector<Values> got =
        run_all(graph, {{x, values}, {dy, dy_values}}, {y, graph.grad(y, {x}, dy).front()});
    std::vector<double> squares, gradients;
    for (size_t i = 0; i < size_t(n); ++i) {
      squares.push_back(double(values[i]) * double(values[i]));
      gradients.push_back(double(values[i]) * double(dy_values[i]));
    }
    check_close(std::get<std::vector<float>>(got[0]), squares, kElementwise);
    check_close(std::get<std::vector<float>>(got[1]), gradients, kElementwise);
  }
}

TEST_CASE("detach takes views, copies nothing, and leaves other ways open") {
  Graph graph;
  const Tensor x = graph.input({4, 6}), dy = graph.input({6, 2});
  const Tensor part = detach(transpose(slice(x, 0, 1, 2)));
  REQUIRE(graph.nodes().empty());
  const Tensor y = add(part, transpose(slice(x, 0, 2, 2)));
  const std::vector<float> values = random_values(24, 3), dy_values = random_values(12, 4);
  const std::vector<Values> got =
      run_all(graph, {{x, values}, {dy, dy_values}}, {y, graph.grad(y, {x}, dy).front()});
  std::vector<double> sums, gradients(24, 0);
  for (size_t i = 0; i < 12; ++i) {
    sums.push_back(double(values[6 + i % 2 * 6 + i / 2]) + double(values[12 + i % 2 * 6 + i / 2]));
    gradients[12 + i % 2 * 6 + i / 2] = double(dy_values[i]);
  }
  check_close(std::get<std::vector<float>>(got[0]), sums, kElementwise);
  check_close(std::get<std::vector<float>>(got[1]), gradients, kExact);
}

TEST_CASE("what is behind detach alone has no gradient to ask for") {
  Graph graph;
  const Tensor x = graph.input({3});
  check_rejects([&] { graph.grad(detach(x), {x}, x); }, {"grad", "does not depend"});
  check_rejects([&] { detach(Tensor()); }, {"detach", "absent"});
}
