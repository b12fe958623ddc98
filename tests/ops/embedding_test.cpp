#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

void check_embedding(int64_t vocab, int64_t width, const Shape& ids_shape) {
  INFO("embedding of " << to_string(ids_shape) << " ids in (" << vocab << ", " << width << ")");
  const std::vector<float> rows = random_values(uint64_t(vocab * width), 1);
  const std::vector<uint32_t> chosen = random_ids(ids_shape.elements(), 2, uint32_t(vocab));
  Graph graph;
  Tensor table = graph.input({vocab, width}), ids = graph.input(ids_shape, DType::u32);
  Tensor y = embedding(table, ids);
  REQUIRE(y.shape() == ids_shape.appended(width));
  std::vector<double> want;
  for (uint32_t id : chosen)
    for (int64_t c = 0; c < width; ++c) want.push_back(double(rows[size_t(int64_t(id) * width + c)]));
  check_close(run(graph, {{table, rows}, {ids, chosen}}, y), want, kExact);
}

}  // namespace

TEST_CASE("embedding takes rows of the table at every edge") {
  for (int64_t width : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 101}) check_embedding(11, width, {6});
  for (int64_t count : {1, 2, 7, 53}) check_embedding(5, 6, {count});
  check_embedding(1, 1, {1});
  check_embedding(7, 5, {});
  check_embedding(7, 5, {3, 2});
  check_embedding(7, 5, {2, 1, 2, 1, 3});
}

TEST_CASE("embedding of ids past the vocabulary gives NaN rows") {
  Graph graph;
  Tensor table = graph.input({2, 3}), ids = graph.input({4}, DType::u32);
  const std::vector<float> rows{1, 2, 3, 4, 5, 6};
  const std::vector<uint32_t> chosen{1, 2, 0, UINT32_MAX};
  check_close(run(graph, {{table, rows}, {ids, chosen}}, embedding(table, ids)),
              {4, 5, 6, NAN, NAN, NAN, 1, 2, 3, NAN, NAN, NAN}, kExact);
}

TEST_CASE("embedding keeps NaN and infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  Graph graph;
  Tensor table = graph.input({2, 2}), ids = graph.input({1}, DType::u32);
  check_close(run(graph, {{table, std::vector<float>{0, 0, NAN, -inf}}, {ids, std::vector<uint32_t>{1}}},
                  embedding(table, ids)),
              {NAN, -inf}, kExact);
}

TEST_CASE("embedding reads strided views") {
  Graph graph;
  Tensor table = graph.input({2, 3}), ids = graph.input({2, 2}, DType::u32);
  const std::vector<float> columns{1, 2, 3, 4, 5, 6};
  const std::vector<uint32_t> chosen{0, 2, 1, 0};
  // The transposed table has the rows (1, 4), (2, 5), (3, 6).
  check_close(run(graph, {{table, columns}, {ids, chosen}}, embedding(transpose(table), transpose(ids))),
              {1, 4, 2, 5, 3, 6, 1, 4}, kExact);
}

TEST_CASE("embedding rejects other tables and ids") {
  Graph graph;
  Tensor table = graph.input({4, 3}), ids = graph.input({2}, DType::u32), cube = graph.input({4, 3, 2});
  Tensor deep = graph.input({1, 1, 1, 1, 1, 2}, DType::u32);
  check_rejects([&] { embedding(table, table); }, {"embedding", "f32", "u32"});
  check_rejects([&] { embedding(ids, ids); }, {"embedding", "u32", "f32"});
  check_rejects([&] { embedding(cube, ids); }, {"embedding", "(4, 3, 2)"});
  check_rejects([&] { embedding(table, Tensor()); }, {"embedding", "absent"});
  check_rejects([&] { embedding(pack(table), ids); }, {"embedding", "panels"});
  check_rejects([&] { embedding(table, deep); }, {"6"});
}
