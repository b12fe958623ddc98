#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/panels.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// a(i, l) and b(l, j) of one matrix each; (m, n) row by row.
template <class A, class B>
std::vector<double> product(int64_t m, int64_t n, int64_t k, A a, B b) {
  std::vector<double> y(size_t(m * n));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t l = 0; l < k; ++l) y[size_t(i * n + j)] += double(a(i, l)) * double(b(l, j));
  return y;
}

std::vector<double> product(int64_t m, int64_t n, int64_t k, const std::vector<float>& a,
                            const std::vector<float>& b) {
  return product(
      m, n, k, [&](int64_t i, int64_t l) { return a[size_t(i * k + l)]; },
      [&](int64_t l, int64_t j) { return b[size_t(l * n + j)]; });
}

double activated(double x, Activation activation) {
  constexpr double kTanh = 0.7978845608028654;  // sqrt(2 / pi)
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::gelu:
      return x / 2 * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(kTanh * (x + 0.044715 * x * x * x)));
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::quick_gelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

std::vector<float> random_integers(uint64_t count, uint32_t seed, int below) {
  std::vector<float> values;
  for (uint32_t id : random_ids(count, seed, uint32_t(2 * below - 1)))
    values.push_back(float(int(id) - below + 1));
  return values;
}

void check_product(int64_t m, int64_t n, int64_t k) {
  INFO("m " << m << ", n " << n << ", k " << k);
  Graph graph;
  Tensor a = graph.input({m, k}), b = graph.input({k, n});
  const std::vector<float> left = random_values(uint64_t(m * k), uint32_t(m)),
                           right = random_values(uint64_t(k * n), uint32_t(n));
  check_close(run(graph, {{a, left}, {b, right}}, matmul(a, b)), product(m, n, k, left, right), kProduct);
}

}  // namespace

TEST_CASE("matmul matches the double loop at every edge") {
  constexpr int64_t kExtents[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 67, 100, 129, 197};
  for (size_t i = 0; i < 20; ++i) {
    check_product(kExtents[i], kExtents[(7 * i + 3) % 20], kExtents[(3 * i + 11) % 20]);
    check_product(kExtents[i], kExtents[(11 * i + 16) % 20], kExtents[(9 * i + 2) % 20]);
  }
}

TEST_CASE("matmul takes the large tiles of large products") {
  constexpr int64_t m = 1030, n = 961, k = 5;
  Graph graph;
  Tensor a = graph.input({m, k}), b = graph.input({k, n});
  const std::vector<float> left = random_integers(m * k, 1, 64), right = random_integers(k * n, 2, 64);
  const std::vector<double> want = product(m, n, k, left, right);
  const std::vector<float> got = run(graph, {{a, left}, {b, right}}, matmul(a, b));
  REQUIRE(std::equal(got.begin(), got.end(), want.begin(), want.end()));
}

TEST_CASE("matmul with every bias, activation and residual") {
  constexpr int64_t m = 9, k = 17;
  for (int64_t n : {67, 68})
    for (Activation activation :
         {Activation::none, Activation::relu, Activation::gelu, Activation::gelu_tanh, Activation::silu,
          Activation::sigmoid, Activation::quick_gelu, Activation::tanh})
      for (bool with_bias : {false, true})
        for (bool with_residual : {false, true}) {
          INFO("n " << n << ", activation " << int(activation) << ", bias " << with_bias << ", residual "
                    << with_residual);
          Graph graph;
          Tensor a = graph.input({m, k}), b = graph.input({k, n});
          Tensor shift = graph.input({n}), residual = graph.input({m, n});
          const std::vector<float> left = random_values(m * k, 1), right = random_values(uint64_t(k * n), 2);
          const std::vector<float> shifts = random_values(uint64_t(n), 3),
                                   added = random_values(uint64_t(m * n), 4);
          MatmulOptions options{.activation = activation};
          if (with_bias) options.bias = shift;
          if (with_residual) options.residual = residual;
          std::vector<double> want = product(m, n, k, left, right);
          for (size_t i = 0; i < want.size(); ++i) {
            if (with_bias) want[i] += double(shifts[i % size_t(n)]);
            want[i] = activated(want[i], activation) + (with_residual ? double(added[i]) : 0);
          }
          check_close(
              run(graph, {{a, left}, {b, right}, {shift, shifts}, {residual, added}}, matmul(a, b, options)),
              want, kProduct);
        }
}

TEST_CASE("matmul of integers is exact") {
  struct Extents {
    int64_t m, n, k;
  };
  for (const Extents e : {Extents{1, 64, 197}, {5, 65, 100}, {33, 64, 64}, {67, 129, 197}}) {
    Graph graph;
    Tensor a = graph.input({e.m, e.k}), b = graph.input({e.k, e.n}), shift = graph.input({e.n});
    Tensor residual = graph.input({e.m, e.n});
    const std::vector<float> left = random_integers(uint64_t(e.m * e.k), 1, 64);
    const std::vector<float> right = random_integers(uint64_t(e.k * e.n), 2, 64);
    const std::vector<float> shifts = random_integers(uint64_t(e.n), 3, 1000);
    const std::vector<float> added = random_integers(uint64_t(e.m * e.n), 4, 1000);
    Tensor y = matmul(a, b, {.bias = shift, .activation = Activation::relu, .residual = residual});
    std::vector<double> want = product(e.m, e.n, e.k, left, right);
    for (size_t i = 0; i < want.size(); ++i)
      want[i] = activated(want[i] + double(shifts[i % size_t(e.n)]), Activation::relu) + double(added[i]);
    const std::vector<float> got = run(graph, {{a, left}, {b, right}, {shift, shifts}, {residual, added}}, y);
    REQUIRE(std::vector<double>(got.begin(), got.end()) == want);
  }
}

TEST_CASE("matmul reads transposed and sliced views in place") {
  constexpr int64_t m = 21, n = 70, k = 37;
  const auto check = [&](const Shape& a_shape, auto a_view, const Shape& b_shape, auto b_view, auto a_at,
                         auto b_at) {
    Graph graph;
    Tensor a = graph.input(a_shape), b = graph.input(b_shape);
    const std::vector<float> left = random_values(a_shape.elements(), 1),
                             right = random_values(b_shape.elements(), 2);
    Tensor y = matmul(a_view(a), b_view(b));
    const std::vector<double> want = product(
        m, n, k, [&](int64_t i, int64_t l) { return left[size_t(a_at(i, l))]; },
        [&](int64_t l, int64_t j) { return right[size_t(b_at(l, j))]; });
    check_close(run(graph, {{a, left}, {b, right}}, y), want, kProduct);
    REQUIRE(Plan(device(), graph, {y}).dispatches() == 2);  // pack and matmul: no copies
  };
  const auto same = [](Tensor x) { return x; };
  const auto plain_a = [](int64_t i, int64_t l) { return i * k + l; };
  const auto plain_b = [](int64_t l, int64_t j) { return l * n + j; };
  SECTION("a transposed") {
    check(
        {k, m}, [](Tensor x) { return transpose(x); }, {k, n}, same,
        [](int64_t i, int64_t l) { return l * m + i; }, plain_b);
  }
  SECTION("b transposed") {
    check(
        {m, k}, same, {n, k}, [](Tensor x) { return transpose(x); }, plain_a,
        [](int64_t l, int64_t j) { return j * k + l; });
  }
  SECTION("a sliced, rows on 16 bytes") {
    check(
        {m + 2, 48}, [](Tensor x) { return slice(slice(x, 1, 8, k), 0, 1, m); }, {k, n}, same,
        [](int64_t i, int64_t l) { return (i + 1) * 48 + l + 8; }, plain_b);
  }
  SECTION("a sliced, rows off 16 bytes") {
    check(
        {m, 48}, [](Tensor x) { return slice(x, 1, 3, k); }, {k, n}, same,
        [](int64_t i, int64_t l) { return i * 48 + l + 3; }, plain_b);
  }
  SECTION("both strided along both axes") {
    check(
        {k, m, 3}, [](Tensor x) { return transpose(reshape(slice(x, 2, 1, 1), {k, m})); }, {n, k, 2},
        [](Tensor x) { return transpose(reshape(slice(x, 2, 1, 1), {n, k})); },
        [](int64_t i, int64_t l) { return (l * m + i) * 3 + 1; },
        [](int64_t l, int64_t j) { return (j * k + l) * 2 + 1; });
  }
}

TEST_CASE("matmul pairs up batches, or shares b") {
  constexpr int64_t batch = 6, m = 5, n = 66, k = 19;
  const std::vector<float> left = random_values(batch * m * k, 1), right = random_values(batch * k * n, 2);
  const auto want = [&](bool shared, auto a_at) {
    std::vector<double> all;
    for (int64_t z = 0; z < batch; ++z) {
      const int64_t skip = shared ? 0 : z * k * n;
      const std::vector<double> one = product(
          m, n, k, [&](int64_t i, int64_t l) { return left[size_t(a_at(z, i, l))]; },
          [&](int64_t l, int64_t j) { return right[size_t(skip + l * n + j)]; });
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  };
  const auto rows = [](int64_t z, int64_t i, int64_t l) { return (z * m + i) * k + l; };
  // (2, 3, m, k) stored as (2, m, 3, k): no single batch stride.
  const auto permuted = [](int64_t z, int64_t i, int64_t l) { return ((z / 3 * m + i) * 3 + z % 3) * k + l; };
  const std::vector<float> one_b(right.begin(), right.begin() + k * n);
  Graph graph;
  Tensor a = graph.input({2, 3, m, k}), b = graph.input({2, 3, k, n}), shared = graph.input({k, n});
  Tensor heads = graph.input({2, m, 3, k});
  const std::vector<Input> inputs = {{a, left}, {b, right}, {shared, one_b}, {heads, left}};
  check_close(run(graph, inputs, matmul(a, b)), want(false, rows), kProduct);
  check_close(run(graph, inputs, matmul(a, shared)), want(true, rows), kProduct);
  check_close(run(graph, inputs, matmul(permute(heads, {0, 2, 1, 3}), b)), want(false, permuted), kProduct);
  check_close(run(graph, inputs, matmul(permute(heads, {0, 2, 1, 3}), shared)), want(true, permuted),
              kProduct);
}

TEST_CASE("matmul reads weights packed on the host") {
  constexpr int64_t m = 3, n = 71, k = 18;
  const std::vector<float> left = random_values(m * k, 1), right = random_values(k * n, 2);
  State weights(device(), {k, n}, DType::f32, Layout::panels);
  weights.write(pack_panels(right, k, n, n, 1));
  Graph graph;
  Tensor a = graph.input({m, k});
  Tensor y = matmul(a, graph.use(weights));
  check_close(run(graph, {{a, left}}, y), product(m, n, k, left, right), kProduct);
  REQUIRE(Plan(device(), graph, {y}).dispatches() == 1);
}

TEST_CASE("matmul keeps NaN and infinity in their row and column") {
  constexpr int64_t m = 19, n = 67, k = 37;
  for (int64_t l : {int64_t(0), int64_t(16), k - 1})
    for (float poison : {NAN, kInfinity}) {
      std::vector<float> left = random_values(m * k, 1, 0.5f, 1), right = random_values(k * n, 2, 0.5f, 1);
      Graph graph;
      Tensor a = graph.input({m, k}), b = graph.input({k, n});
      Tensor y = matmul(a, b);
      left[size_t(7 * k + l)] = poison;
      check_close(run(graph, {{a, left}, {b, right}}, y), product(m, n, k, left, right), kProduct);
      left[size_t(7 * k + l)] = 1;
      right[size_t(l * n + n - 1)] = poison;
      check_close(run(graph, {{a, left}, {b, right}}, y), product(m, n, k, left, right), kProduct);
    }
}

TEST_CASE("matmul rejects what does not fit") {
  Graph graph;
  Tensor a = graph.input({2, 4, 3}), b = graph.input({3, 5}), ids = graph.input({3, 5}, DType::u32);
  check_rejects([&] { matmul(a, graph.input({4, 5})); }, {"matmul", "inner sizes", "(2, 4, 3)", "(4, 5)"});
  check_rejects([&] { matmul(a, graph.input({3})); }, {"matmul", "matrices", "(3)"});
  check_rejects([&] { matmul(a, graph.input({3, 3, 5})); }, {"matmul", "batches", "(2, 4, 3)", "(3, 3, 5)"});
  check_rejects([&] { matmul(a, ids); }, {"matmul", "f32"});
  check_rejects([&] { matmul(ids, b); }, {"matmul", "u32"});
  check_rejects([&] { matmul(pack(b), graph.input({5, 2})); }, {"matmul", "panels"});
  check_rejects([&] { matmul(a, b, {.bias = graph.input({4})}); }, {"matmul", "bias", "(4)", "5 columns"});
  check_rejects([&] { matmul(a, b, {.residual = graph.input({4, 5})}); },
                {"matmul", "residual", "(4, 5)", "(2, 4, 5)"});
}
