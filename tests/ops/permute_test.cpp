#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "fovea/op.hpp"
#include "support/array.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("permute by every order of four axes") {
  const Shape shape{2, 3, 4, 5};
  const std::vector<float> values = random_values(shape.elements(), 1);
  Graph graph;
  Tensor x = graph.input(shape);
  std::vector<int> axes{0, 1, 2, 3};
  std::vector<Tensor> views;
  std::vector<Array<double>> want;
  do {
    views.push_back(permute(x, axes));
    want.push_back(as_array(shape, values).permuted(axes));
    REQUIRE(views.back().shape() == want.back().shape);
  } while (std::next_permutation(axes.begin(), axes.end()));
  REQUIRE(graph.nodes().empty());
  const std::vector<Values> got = run_all(graph, {{x, values}}, views);
  for (size_t i = 0; i < views.size(); ++i)
    check_close(std::get<std::vector<float>>(got[i]), want[i].values, kExact);
}

TEST_CASE("permute counts negative axes from the back") {
  const std::vector<float> values = random_values(24, 2);
  Graph graph;
  Tensor x = graph.input({2, 3, 4});
  check_close(run(graph, {{x, values}}, permute(x, {-1, 0, -2})),
              as_array(x.shape(), values).permuted({2, 0, 1}).values, kExact);
}

TEST_CASE("transpose swaps the last two axes") {
  const std::vector<uint32_t> values = random_ids(24, 3, UINT32_MAX);
  Graph graph;
  Tensor x = graph.input({2, 3, 4}, DType::u32);
  Tensor y = transpose(x);
  REQUIRE(y.shape() == Shape{2, 4, 3});
  REQUIRE(run_u32(graph, {{x, values}}, y) == as_array(x.shape(), values).permuted({0, 2, 1}).values);
}

TEST_CASE("permute rejects axes that are no permutation") {
  Graph graph;
  Tensor x = graph.input({2, 3}), line = graph.input({3});
  check_rejects([&] { permute(x, {0}); }, {"permute", "1 axes", "(2, 3)"});
  check_rejects([&] { permute(x, {0, 0}); }, {"permute", "twice"});
  check_rejects([&] { permute(x, {1, -1}); }, {"permute", "twice"});
  check_rejects([&] { permute(x, {0, 2}); }, {"permute", "2"});
  check_rejects([&] { permute(pack(x), {1, 0}); }, {"permute", "panels"});
  check_rejects([&] { permute(Tensor(), {}); }, {"permute", "absent"});
  check_rejects([&] { transpose(line); }, {"transpose", "(3)"});
  check_rejects([&] { transpose(Tensor()); }, {"transpose"});
}
