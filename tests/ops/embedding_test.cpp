#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

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

// The gradient of a table for these ids, against a plain loop.
void check_gradient(int64_t vocab, int64_t width, const std::vector<uint32_t>& chosen,
                    std::vector<float> dy_values = {}) {
  INFO("gradient of " << chosen.size() << " ids in (" << vocab << ", " << width << ")");
  Graph graph;
  Tensor table = graph.input({vocab, width}), ids = graph.input({int64_t(chosen.size())}, DType::u32);
  Tensor dy = graph.input(ids.shape().appended(width));
  if (dy_values.empty()) dy_values = random_values(dy.shape().elements(), 3);
  Tensor y = embedding(table, ids);
  Tensor dtable = gradients_of(y, dy).front();
  REQUIRE(dtable.shape() == table.shape());
  std::vector<double> want(size_t(vocab * width), 0);
  for (size_t i = 0; i < dy_values.size(); ++i) {
    const size_t id = chosen[i / size_t(width)], column = i % size_t(width);
    if (id < size_t(vocab)) want[id * size_t(width) + column] += double(dy_values[i]);
  }
  check_close(run(graph, {{ids, chosen}, {dy, dy_values}}, dtable), want, kRow);
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

TEST_CASE("embedding's gradient sums rows at every edge") {
  for (int64_t width : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 101})
    check_gradient(5, width, random_ids(13, 4, 5));
  for (uint64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 131, 1009}) {
    check_gradient(7, 3, random_ids(count, 5, 7));
    check_gradient(1009, 2, random_ids(count, 6, 1009));
    check_gradient(1, 5, random_ids(count, 7, 1));
  }
}

TEST_CASE("embedding's gradient of ids that are all equal, all different, sorted or not") {
  std::vector<uint32_t> rising(257), falling(257), paired(257), padded = random_ids(257, 8, 40);
  for (uint32_t i = 0; i < 257; ++i) rising[i] = i, falling[i] = 256 - i, paired[i] = i / 2 % 50;
  std::fill(padded.begin() + 60, padded.end(), 39);
  for (const std::vector<uint32_t>& ids : {rising, falling, paired, padded, std::vector<uint32_t>(257, 11)})
    check_gradient(257, 9, ids);
  // 1e8 swallows every 1 that is added to it in fp32.
  std::vector<float> dy_values(4099, 1);
  dy_values.front() = 1e8f, dy_values.back() = -1e8f;
  check_gradient(3, 1, std::vector<uint32_t>(4099, 2), dy_values);
}

TEST_CASE("embedding's gradient skips ids past the vocabulary and keeps NaN and infinity") {
  check_gradient(2, 3, {2, 0, UINT32_MAX, 0, 7}, random_values(15, 9));
  check_gradient(2, 3, {UINT32_MAX, UINT32_MAX});
  const float inf = std::numeric_limits<float>::infinity();
  check_gradient(3, 2, {2, 2, 0, 0, 4}, {NAN, inf, 1, 1, inf, -inf, -inf, 3, NAN, NAN});
}

TEST_CASE("embedding's gradient takes strided views") {
  Graph graph;
  Tensor table = graph.input({3, 2}), ids = graph.input({2, 2}, DType::u32), dy = graph.input({2, 2, 2});
  Tensor y = embedding(table, transpose(ids));
  Tensor dtable = gradients_of(y, permute(dy, {2, 1, 0})).front();
  // ids in order: 0, 1, 2, 0; their gradients: (0, 4), (2, 6), (1, 5), (3, 7)
  check_close(
      run(graph, {{ids, std::vector<uint32_t>{0, 2, 1, 0}}, {dy, std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}}},
          dtable),
      {3, 11, 2, 6, 1, 5}, kExact);
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
