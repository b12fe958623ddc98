#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Rows of n; row r is of the token at place first + r mod tokens.
std::vector<double> reference(const std::vector<double>& x, int64_t tokens, int64_t n, double first = 0,
                              double base = 10000) {
  std::vector<double> y;
  for (size_t at = 0; at < x.size(); at += 2) {
    const double i = double(int64_t(at) % n), place = first + double(int64_t(at) / n % tokens);
    const double angle = place * std::pow(base, -i / double(n));
    y.push_back(x[at] * std::cos(angle) - x[at + 1] * std::sin(angle));
    y.push_back(x[at] * std::sin(angle) + x[at + 1] * std::cos(angle));
  }
  return y;
}

}  // namespace

TEST_CASE("rotary matches the double loop at every edge") {
  for (int64_t n : {2, 6, 8, 14, 16, 18, 62, 64, 66})
    for (int64_t tokens : {1, 3, 7, 8, 9, 31}) {
      Graph graph;
      const Tensor x = graph.input({2, 3, tokens, n});
      const std::vector<float> values = random_values(x.shape().elements(), uint32_t(n + tokens));
      check_close(run(graph, {{x, values}}, rotary(x)), reference(widened(values), tokens, n), kElementwise);
    }
}

TEST_CASE("rotary counts places from any first, with any base, and takes views") {
  Graph graph;
  const Tensor x = graph.input({5, 2, 4});
  const std::vector<float> values = random_values(40, 3);
  const Tensor far = rotary(x, {.first = 100000, .base = 500});
  check_close(run(graph, {{x, values}}, far), reference(widened(values), 2, 4, 100000, 500), kElementwise);
  std::vector<float> turned(40);  // (2, 5, 4)
  for (size_t i = 0; i < 40; ++i) turned[i] = values[(i / 4 % 5 * 2 + i / 20) * 4 + i % 4];
  const Tensor view = permute(x, {1, 0, 2});
  check_close(run(graph, {{x, values}}, rotary(view)), reference(widened(turned), 5, 4), kElementwise);
}

TEST_CASE("rotary counts from a step that is known when it runs, NaN from the last on") {
  Graph graph;
  const Tensor x = graph.input({2, 3, 4}), step = graph.input({1}, DType::u32), dy = graph.input({2, 3, 4});
  const std::vector<float> values = random_values(24, 6), dy_values = random_values(24, 7);
  const Tensor y = rotary(x, {.first = 2, .step = step, .steps = 5}), dx = gradients_of(y, dy).front();
  for (uint32_t at = 0; at < 5; ++at) {
    const std::vector<Values> got =
        run_all(graph, {{x, values}, {step, std::vector{at}}, {dy, dy_values}}, {y, dx});
    const auto f = [&](const Operands& inputs) { return reference(inputs[0], 3, 4, 2 + double(at)); };
    check_close(std::get<std::vector<float>>(got[0]), f({widened(values)}), kElementwise);
    check_close(std::get<std::vector<float>>(got[1]), gradient(f, {widened(values)}, dy_values), kRow);
  }
  for (const uint32_t at : {5u, UINT32_MAX})
    for (const float value : run(graph, {{x, values}, {step, std::vector{at}}}, y)) CHECK(std::isnan(value));
}

TEST_CASE("rotary leaves products of two tokens to their distance") {
  // The same query and key at every place: q_i . k_j is one number for each j - i.
  constexpr int64_t kTokens = 12, kDim = 8;
  const std::vector<float> q_values = random_values(kDim, 1), k_values = random_values(kDim, 2);
  Graph graph;
  const Tensor q = graph.input({1, kDim}), k = graph.input({1, kDim});
  const auto everywhere = [](Tensor x) { return rotary(contiguous(expand(x, {kTokens, kDim}))); };
  const std::vector<float> scores =
      run(graph, {{q, q_values}, {k, k_values}}, matmul(everywhere(q), transpose(everywhere(k))));
  double spread = 0;
  for (int64_t i = 0; i < kTokens; ++i)
    for (int64_t j = 0; j < kTokens; ++j) {
      const int64_t distance = j - i;
      const int64_t first = distance < 0 ? -distance * kTokens : distance;  // where the diagonal starts
      CHECK(std::abs(scores[size_t(i * kTokens + j)] - scores[size_t(first)]) < 2e-6);
      spread = std::max(spread, double(std::abs(scores[size_t(i * kTokens + j)] - scores[0])));
    }
  CHECK(spread > 0.1);
}

TEST_CASE("rotary has the gradient of its formula, and turning back undoes it") {
  Graph graph;
  const Tensor x = graph.input({2, 5, 6}), dy = graph.input({2, 5, 6});
  const std::vector<float> values = random_values(60, 4), dy_values = random_values(60, 5);
  const Tensor y = rotary(x, {.first = 3});
  const auto f = [](const Operands& inputs) { return reference(inputs[0], 5, 6, 3); };
  check_close(run(graph, {{x, values}, {dy, dy_values}}, gradients_of(y, dy).front()),
              gradient(f, {widened(values)}, dy_values), kRow);
  check_close(run(graph, {{x, values}}, rotary(y, {.first = 3, .back = true})), widened(values),
              kElementwise);
}

TEST_CASE("rotary keeps NaN in its pair, and rejects what does not fit") {
  Graph graph;
  const Tensor x = graph.input({2, 4});
  const std::vector<float> got = run(graph, {{x, std::vector<float>{1, 2, 3, NAN, 5, 6, 7, 8}}}, rotary(x));
  for (size_t i = 0; i < got.size(); ++i) CHECK(std::isnan(got[i]) == (i == 2 || i == 3));
  check_rejects([&] { rotary(graph.input({4})); }, {"rotary", "(.., tokens, n)", "(4)"});
  check_rejects([&] { rotary(graph.input({2, 3})); }, {"rotary", "even", "(2, 3)"});
  check_rejects([&] { rotary(graph.input({2, 4}, DType::u32)); }, {"rotary", "u32", "f32"});
  check_rejects([&] { rotary(x, {.base = 0}); }, {"rotary", "base of 0"});
  check_rejects([&] { rotary(x, {.step = graph.input({2}, DType::u32)}); }, {"rotary", "step (2)", "(1)"});
  check_rejects([&] { rotary(x, {.step = graph.input({1})}); }, {"rotary", "f32", "u32"});
  check_rejects([&] { rotary(x, {.steps = 0}); }, {"rotary", "0 steps"});
}
