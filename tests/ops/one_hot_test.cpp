#include <catch2/catch_test_macros.hpp>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("one_hot marks the column of each id, and none for ids that have no column") {
  for (int64_t n : {1, 3, 7, 8, 9, 17, 131})
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{5}, Shape{2, 7}, Shape{2, 1, 17}}) {
      Graph graph;
      const Tensor ids = graph.input(shape, DType::u32);
      std::vector<uint32_t> values = random_ids(shape.elements(), uint32_t(n), uint32_t(n) + 1);
      values.back() = UINT32_MAX;
      const Tensor y = one_hot(ids, n);
      REQUIRE(y.shape() == shape.appended(n));
      std::vector<double> want;
      for (const uint32_t id : values)
        for (int64_t c = 0; c < n; ++c) want.push_back(id == uint32_t(c));
      check_close(run(graph, {{ids, values}}, y), want, kExact);
    }
}

TEST_CASE("one_hot takes strided ids") {
  Graph graph;
  const Tensor ids = graph.input({2, 3}, DType::u32);
  const std::vector<uint32_t> values = {0, 1, 2, 2, 1, 0};
  const std::vector<float> got = run(graph, {{ids, values}}, one_hot(transpose(ids), 3));
  CHECK(got == std::vector<float>{1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0});
}

TEST_CASE("one_hot has no gradient, and rejects what does not fit") {
  Graph graph;
  const Tensor ids = graph.input({4}, DType::u32), x = graph.input({4});
  check_rejects([&] { one_hot(x, 3); }, {"one_hot", "f32", "u32"});
  check_rejects([&] { one_hot(ids, 0); }, {"one_hot", "0 columns"});
  const Tensor y = one_hot(ids, 3);
  check_rejects([&] { graph.grad(y, {ids}, graph.input({4, 3})); }, {"one_hot", "no gradient"});
}
