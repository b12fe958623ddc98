#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/array.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

void check_bias(const Shape& shape) {
  INFO("bias of " << to_string(shape));
  const size_t columns = size_t(shape.back());
  const std::vector<float> values = random_values(shape.elements(), 1), shifts = random_values(columns, 2);
  Graph graph;
  Tensor x = graph.input(shape), b = graph.input({shape.back()});
  std::vector<double> want;
  for (size_t i = 0; i < values.size(); ++i) want.push_back(double(values[i]) + double(shifts[i % columns]));
  check_close(run(graph, {{x, values}, {b, shifts}}, bias(x, b)), want, kElementwise);
}

}  // namespace

TEST_CASE("bias matches the double loop at every edge") {
  for (int64_t columns : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 101}) check_bias({3, columns});
  check_bias({11});
  check_bias({1, 1});
  check_bias({2, 1, 3, 2, 2, 5});
}

TEST_CASE("bias reads strided views") {
  const std::vector<float> values = random_values(35, 3), shifts = random_values(10, 4);
  Graph graph;
  Tensor x = graph.input({5, 7}), b = graph.input({5, 2});
  Tensor y = bias(transpose(x), reshape(slice(b, 1, 1, 1), {5}));
  std::vector<double> want;
  for (size_t row = 0; row < 7; ++row)
    for (size_t column = 0; column < 5; ++column)
      want.push_back(double(values[column * 7 + row]) + double(shifts[column * 2 + 1]));
  check_close(run(graph, {{x, values}, {b, shifts}}, y), want, kElementwise);
}

TEST_CASE("bias keeps NaN") {
  Graph graph;
  Tensor x = graph.input({2, 2}), b = graph.input({2});
  const std::vector<float> values{1, NAN, 2, 3}, shifts{NAN, 1};
  check_close(run(graph, {{x, values}, {b, shifts}}, bias(x, b)), {NAN, NAN, NAN, 4}, kExact);
}

TEST_CASE("bias sums its gradient over rows") {
  const std::vector<float> values = random_values(30, 1), shifts = random_values(5, 2);
  const std::vector<float> slopes = random_values(30, 3);
  Graph graph;
  Tensor x = graph.input({2, 3, 5}), b = graph.input({5}), dy = graph.input({2, 3, 5});
  Tensor y = bias(x, b);
  const std::vector<Tensor> gradients = gradients_of(y, dy);
  std::vector<double> want(5, 0);
  for (size_t i = 0; i < slopes.size(); ++i) want[i % 5] += double(slopes[i]);
  REQUIRE(gradients[0].id == dy.id);
  check_close(run(graph, {{x, values}, {b, shifts}, {dy, slopes}}, gradients[1]), want, kRow);
}

TEST_CASE("bias rejects another width") {
  Graph graph;
  Tensor x = graph.input({2, 3}), scalar = graph.input({});
  Tensor two = graph.input({2}), row = graph.input({1, 3}), ids = graph.input({3}, DType::u32);
  check_rejects([&] { bias(x, two); }, {"bias", "(2)", "(2, 3)"});
  check_rejects([&] { bias(x, row); }, {"bias", "(1, 3)", "(2, 3)"});
  check_rejects([&] { bias(scalar, two); }, {"bias", "(2)", "()"});
  check_rejects([&] { bias(x, ids); }, {"bias", "u32", "f32"});
  check_rejects([&] { bias(x, Tensor()); }, {"bias", "absent"});
}
