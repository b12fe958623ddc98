// Normalisers, and attention of any score with any of them: the textbook's rows with their exact values.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <memory>
#include <numeric>

#include "fovea/op.hpp"
#include "fovea/scores.hpp"
#include "support/gradient.h"
#include "support/philox.h"

using namespace fovea;
using namespace fovea::test;
using Kind = Normaliser::Kind;

namespace {

std::vector<float> floats(const Values& values) { return std::get<std::vector<float>>(values); }

// The textbook's queries of any width, ten equal keys, and the values 0 to 39 in rows of four.
struct TenKeys {
  Graph graph;
  Tensor q, k = graph.input({2, 10, 2}), v = graph.input({2, 10, 4}), lengths = graph.input({2}, DType::u32);
  std::vector<Input> inputs;
  explicit TenKeys(int64_t q_width) : q(graph.input({2, 1, q_width})) {
    std::vector<float> values(80);
    for (size_t i = 0; i < 80; ++i) values[i] = float(i % 40);
    inputs = {{q, random_values(uint64_t(2 * q_width), 5, -3, 3)},
              {k, std::vector<float>(40, 1)},
              {v, values},
              {lengths, std::vector<uint32_t>{2, 6}}};
  }
};

const std::vector<double> kTenKeysOut = {2, 3, 4, 5, 10, 11, 12, 13};

std::vector<double> ten_keys_weights() {
  std::vector<double> weights(20, 0);
  for (size_t j = 0; j < 2; ++j) weights[j] = 1. / 2;
  for (size_t j = 0; j < 6; ++j) weights[10 + j] = 1. / 6;
  return weights;
}

struct AnyScore {
  const char* name;
  std::unique_ptr<Score> score;
  bool kernel = false;  // never below 0: fit for shares of a sum
};
std::vector<AnyScore> all_scores(int64_t width) {
  const FreshScore fresh{.q_width = width, .k_width = width, .hidden = 8, .seed = 3};
  std::vector<AnyScore> all;
  all.push_back({"uniform", std::make_unique<UniformScore>(), true});
  all.push_back({"gaussian", std::make_unique<KernelScore>(KernelScore::Kind::gaussian), true});
  all.push_back({"boxcar", std::make_unique<KernelScore>(KernelScore::Kind::boxcar, 9), true});
  all.push_back({"epanechnikov", std::make_unique<KernelScore>(KernelScore::Kind::epanechnikov, 9), true});
  all.push_back({"distance", std::make_unique<DistanceScore>()});
  all.push_back({"learnt distance", std::make_unique<DistanceScore>(device(), 0.5f)});
  all.push_back({"key norm", std::make_unique<KeyNormScore>()});
  all.push_back({"dot", std::make_unique<DotScore>(false)});
  all.push_back({"scaled dot", std::make_unique<DotScore>()});
  all.push_back({"bilinear", std::make_unique<BilinearScore>(device(), fresh)});
  all.push_back({"additive", std::make_unique<AdditiveScore>(device(), fresh)});
  return all;
}

// Scores / sqrt(width), -10000 where they are masked, and softmax, as tutorials write it.
struct Masked {
  std::vector<double> weights, out;
};
Masked masked_attention(const Operands& qkv, size_t rows, size_t keys, size_t width,
                        const std::vector<uint32_t>& lengths) {
  Masked y;
  for (size_t i = 0; i < rows; ++i) {  // row i of q goes with the keys of its batch
    const size_t batch = i / (rows / (qkv[1].size() / keys / width));
    std::vector<double> row(keys);
    for (size_t j = 0; j < keys; ++j) {
      double score = 0;
      for (size_t d = 0; d < width; ++d)
        score += qkv[0][i * width + d] * qkv[1][(batch * keys + j) * width + d];
      row[j] = std::exp(j < lengths[i] ? score / std::sqrt(double(width)) : -10000);
    }
    if (lengths[i] == 0) row.assign(keys, 1);
    const double total = std::accumulate(row.begin(), row.end(), 0.0);
    for (double& weight : row) y.weights.push_back(weight /= total);
    for (size_t d = 0; d < width; ++d) {
      double sum = 0;
      for (size_t j = 0; j < keys; ++j) sum += row[j] * qkv[2][(batch * keys + j) * width + d];
      y.out.push_back(sum);
    }
  }
  return y;
}

}  // namespace

TEST_CASE("weights of a tenth pool ten values to 4.5 and 14.5") {
  Graph graph;
  const Tensor a = fill(graph, {2, 1, 4}, 1), b = fill(graph, {2, 4, 6}, 1);
  CHECK(matmul(a, b).shape() == Shape{2, 1, 6});
  const Tensor x = graph.input({2, 10, 1});
  std::vector<float> values(20);
  std::iota(values.begin(), values.end(), 0.0f);
  for (const Kind kind : {Kind::softmax, Kind::proportion, Kind::sparsemax}) {
    const Attended y = attend(fill(graph, {2, 1, 1}, 0), x, x,
                              {.score = UniformScore(), .normaliser = {kind}, .weights = true});
    const std::vector<Values> got = run_all(graph, {{x, values}}, {y.out, y.weights});
    check_close(floats(got[0]), {4.5, 14.5}, kRow);
    check_close(floats(got[1]), std::vector<double>(20, 0.1), kRow);
  }
}

TEST_CASE("masked softmax is 0 behind the length, of a batch or of each query, and sums to 1") {
  for (const bool each : {false, true}) {
    Graph graph;
    const Tensor x = graph.input({2, 2, 4});
    const Tensor lengths = each ? graph.input({2, 2}, DType::u32) : graph.input({2}, DType::u32);
    const std::vector<uint32_t> counts =
        each ? std::vector<uint32_t>{1, 3, 2, 4} : std::vector<uint32_t>{2, 3};
    const std::vector<float> got = run(graph, {{x, random_values(16, 1, 0, 1)}, {lengths, counts}},
                                       normalise(x, {.lengths = lengths}).weights);
    for (size_t row = 0; row < 4; ++row) {
      double sum = 0;
      for (size_t c = 0; c < 4; ++c) {
        const bool seen = c < counts[each ? row : row / 2];
        CHECK((got[row * 4 + c] > 0) == seen);
        sum += double(got[row * 4 + c]);
      }
      CHECK(std::abs(sum - 1) < 1e-6);
    }
  }
}

TEST_CASE("additive attention over equal keys is the mean of the values seen, whatever the weights") {
  for (const uint64_t seed : {1, 2, 3}) {
    TenKeys x(20);
    State generator = generator_of({1, 0, 0, 0});
    const AdditiveScore score(device(), {.q_width = 20, .k_width = 2, .hidden = 8, .seed = seed});
    const Attended y =
        attend(x.q, x.k, x.v, {.score = score, .normaliser = {.lengths = x.lengths}, .weights = true});
    const std::vector<Values> got = run_all(x.graph, x.inputs, {y.out, y.weights});
    check_close(floats(got[0]), kTenKeysOut, kRow);
    check_close(floats(got[1]), ten_keys_weights(), kRow);
  }
}

TEST_CASE("every score over equal keys gives the mean of the values seen") {
  for (const AnyScore& each : all_scores(2))
    for (const Kind kind : {Kind::softmax, Kind::proportion, Kind::sparsemax}) {
      if (kind == Kind::proportion && !each.kernel) continue;
      INFO(each.name);
      TenKeys x(2);
      x.inputs[0].values = std::vector<float>{0.5f, -0.25f, 1, 2};
      const Normaliser how{.kind = kind, .lengths = x.lengths};
      const Attended y = attend(x.q, x.k, x.v, {.score = *each.score, .normaliser = how, .weights = true});
      const std::vector<Values> got = run_all(x.graph, x.inputs, {y.out, y.weights});
      check_close(floats(got[0]), kTenKeysOut, kRow);
      check_close(floats(got[1]), ten_keys_weights(), kRow);
    }
}

TEST_CASE("dot attention goes through the fused op where nothing else is asked, with the same result") {
  Graph graph;
  const Tensor q = graph.input({2, 5, 8}), k = graph.input({2, 7, 8}), v = graph.input({2, 7, 8});
  const Tensor lengths = graph.input({2}, DType::u32);
  for (const bool scaled : {false, true}) {
    const DotScore score(scaled);
    const Normaliser how{.lengths = lengths};
    const size_t before = graph.nodes().size();
    const Attended fused = attend(q, k, v, {.score = score, .normaliser = how});
    CHECK(graph.nodes().size() == before + 1);
    CHECK(graph.nodes().back().spec.op == "attention");
    const Attended composed = attend(q, k, v, {.score = score, .normaliser = how, .weights = true});
    const std::vector<Values> got = run_all(graph,
                                            {{q, random_values(80, 1)},
                                             {k, random_values(112, 2)},
                                             {v, random_values(112, 3)},
                                             {lengths, std::vector<uint32_t>{3, 7}}},
                                            {fused.out, composed.out});
    check_close(floats(got[0]), widened(floats(got[1])), kProduct);
  }
  const Attended over_four = attend(graph.input({2, 1, 2}), graph.input({2, 7, 2}), v, {.score = DotScore()});
  CHECK(over_four.out.shape() == Shape{2, 1, 8});  // widths that the fused op does not take
}

TEST_CASE("a kernel out of reach of the keys that are seen gives the others nothing") {
  // The one key that is seen is farther than the width: shares of nothing, in either convention.
  for (const bool uniform : {false, true}) {
    Graph graph;
    const Tensor q = graph.input({1, 1, 1}), k = graph.input({1, 3, 1}),
                 lengths = graph.input({1}, DType::u32);
    const Normaliser how{
        .kind = Normaliser::Kind::proportion, .lengths = lengths, .uniform_if_empty = uniform};
    const Tensor weights = normalise(KernelScore(KernelScore::Kind::boxcar)(q, k), how).weights;
    const auto of_length = [&](uint32_t length) {
      return run(
          graph,
          {{q, std::vector<float>{0}}, {k, std::vector<float>{5, 0, 0}}, {lengths, std::vector{length}}},
          weights);
    };
    CHECK(of_length(1) == std::vector<float>{0, 0, 0});
    CHECK(of_length(2) == std::vector<float>{0, 1, 0});
    CHECK(of_length(0) == std::vector<float>(3, uniform ? 1.0f / 3 : 0));
  }
}

TEST_CASE("a row that sees nothing gets zeros, or as with scores of -10000 the same for all keys") {
  constexpr size_t keys = 6, width = 4;
  const std::vector<uint32_t> counts = {0, 2, 6, 1, 0, 5};
  const std::vector<float> q = random_values(24, 1, -2, 2), k = random_values(48, 2),
                           v = random_values(48, 3);
  const Masked want = masked_attention({widened(q), widened(k), widened(v)}, 6, keys, width, counts);
  for (const bool uniform : {false, true}) {
    Graph graph;
    const Tensor tq = graph.input({2, 3, 4}), tk = graph.input({2, 6, 4}), tv = graph.input({2, 6, 4});
    const Tensor lengths = graph.input({2, 3}, DType::u32), dout = graph.input({2, 3, 4});
    const Normaliser how{.lengths = lengths, .uniform_if_empty = uniform};
    const Attended y = attend(tq, tk, tv, {.score = DotScore(), .normaliser = how, .weights = true});
    const Tensor dq = graph.grad(y.out, {tq}, dout).front();
    const std::vector<Values> got =
        run_all(graph, {{tq, q}, {tk, k}, {tv, v}, {lengths, counts}, {dout, random_values(24, 4)}},
                {y.out, y.weights, dq});
    Masked expected = want;
    for (const size_t row : {0, 4})
      for (size_t i = 0; i < keys && !uniform; ++i) {
        expected.weights[row * keys + i] = 0;
        if (i < width) expected.out[row * width + i] = 0;
      }
    check_close(floats(got[0]), expected.out, kProduct);
    check_close(floats(got[1]), expected.weights, kProduct);
    for (const size_t row : {0, 4})  // masked scores have no gradient in either convention
      for (size_t i = 0; i < width; ++i) CHECK(floats(got[2])[row * width + i] == 0);
  }
}

TEST_CASE("the textbook's kernels have their values, and pool by their share of the sum") {
  const std::vector<float> keys = {-1.5f, -1, -0.5f, 0, 0.5f, 1, 1.5f};
  struct Row {
    std::unique_ptr<Score> score;
    std::function<double(double)> kernel;
  };
  std::vector<Row> rows;
  rows.push_back({std::make_unique<UniformScore>(), [](double) { return 1.0; }});
  rows.push_back({std::make_unique<KernelScore>(KernelScore::Kind::boxcar),
                  [](double u) { return std::abs(u) < 1 ? 1.0 : 0.0; }});
  rows.push_back({std::make_unique<KernelScore>(KernelScore::Kind::epanechnikov),
                  [](double u) { return std::max(1 - std::abs(u), 0.0); }});
  for (const double sigma : {0.1, 0.2, 0.5, 1.0})
    rows.push_back({std::make_unique<KernelScore>(KernelScore::Kind::gaussian, float(sigma)),
                    [sigma](double u) { return std::exp(-u * u / (sigma * sigma) / 2); }});
  for (const Row& row : rows) {
    Graph graph;
    const Tensor q = fill(graph, {1, 1, 1}, 0), k = graph.input({1, 7, 1}), v = graph.input({1, 7, 1});
    const AttendOptions how{.score = *row.score, .normaliser = {Kind::proportion}};
    const std::vector<Values> got =
        run_all(graph, {{k, keys}, {v, random_values(7, 1)}}, {(*row.score)(q, k), attend(q, k, v, how).out});
    std::vector<double> want;
    double total = 0, sum = 0;
    for (size_t j = 0; j < 7; ++j) {
      want.push_back(row.kernel(double(keys[j])));
      total += want[j];
      sum += want[j] * double(random_values(7, 1)[j]);
    }
    check_close(floats(got[0]), want, kRow);
    check_close(floats(got[1]), {sum / total}, kRow);
  }
}

TEST_CASE("every score goes with every normaliser and every kind of lengths") {
  State generator = generator_of({9, 0, 0, 0});
  for (const AnyScore& each : all_scores(4))
    for (const Kind kind : {Kind::softmax, Kind::proportion, Kind::sparsemax, Kind::hard, Kind::sampled})
      for (const int lengths_rank : {0, 1, 2}) {
        if (kind == Kind::proportion && !each.kernel) continue;
        INFO(each.name << ", normaliser " << int(kind) << ", lengths of rank " << lengths_rank);
        Graph graph;
        const Tensor q = graph.input({2, 3, 4}), k = graph.input({2, 5, 4}), v = graph.input({2, 5, 6});
        const std::vector<uint32_t> all = {5, 1, 0, 2, 3, 4};
        Tensor lengths;
        std::vector<Input> inputs = {
            {q, random_values(24, 1)}, {k, random_values(40, 2)}, {v, random_values(60, 3)}};
        if (lengths_rank > 0) {
          lengths = lengths_rank == 1 ? graph.input({2}, DType::u32) : graph.input({2, 3}, DType::u32);
          inputs.push_back({lengths, lengths_rank == 1 ? std::vector<uint32_t>{3, 4} : all});
        }
        const Normaliser how{.kind = kind, .lengths = lengths, .generator = &generator};
        const Attended y = attend(q, k, v, {.score = *each.score, .normaliser = how, .weights = true});
        REQUIRE(bool(y.log_probs) == (kind == Kind::sampled));
        const std::vector<Values> got = run_all(graph, inputs, {y.out, y.weights});
        std::vector<double> out(36, 0);
        for (size_t row = 0; row < 6; ++row) {
          const size_t seen = lengths_rank == 0 ? 5 : lengths_rank == 1 ? 3 + row / 3 : all[row];
          double sum = 0;
          for (size_t j = 0; j < 5; ++j) {
            const double weight = double(floats(got[1])[row * 5 + j]);
            if (j >= seen) CHECK(weight == 0);
            if (kind == Kind::hard || kind == Kind::sampled) CHECK((weight == 0 || weight == 1));
            sum += weight;
            for (size_t d = 0; d < 6; ++d)
              out[row * 6 + d] += weight * double(random_values(60, 3)[(row / 3 * 5 + j) * 6 + d]);
          }
          CHECK(std::abs(sum - (seen > 0 ? 1 : 0)) < 1e-5);
        }
        check_close(floats(got[0]), out, kProduct);
      }
}

TEST_CASE("hard attention takes the best key seen, and gradients reach the values alone") {
  Graph graph;
  const Tensor scores = graph.input({1, 3, 4}), lengths = graph.input({1, 3}, DType::u32);
  const std::vector<float> values = {1, 5, 5, 9, 1, 2, 3, 4, NAN, 1, 1, 1};
  const Tensor weights = normalise(scores, {.kind = Kind::hard, .lengths = lengths}).weights;
  CHECK(run(graph, {{scores, values}, {lengths, std::vector<uint32_t>{3, 4, 0}}}, weights) ==
        std::vector<float>{0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0});
  const Tensor v = graph.input({1, 4, 2}), out = matmul(weights, v);
  check_rejects([&] { graph.grad(out, {scores}, graph.input({1, 3, 2})); }, {"does not depend"});
  CHECK(graph.grad(out, {v}, graph.input({1, 3, 2})).size() == 1);
}

TEST_CASE("dropout of the weights drops what a query sees, not what is shown") {
  State generator = generator_of({9, 0, 0, 0});
  Graph graph;
  const Tensor x = graph.input({1, 64, 4});
  const Attended y = attend(x, x, x, {.score = DotScore(), .weights = true, .dropout = {0.5f, &generator}});
  const std::vector<Values> got = run_all(graph, {{x, random_values(256, 1)}}, {y.weights, y.out});
  const std::vector<float> kept =
      run(graph, {{x, random_values(256, 1)}}, attend(x, x, x, {.score = DotScore()}).out);
  for (const float weight : floats(got[0])) CHECK(weight > 0);
  CHECK(floats(got[1]) != kept);
}

TEST_CASE("normalise and attend reject what does not fit") {
  Graph graph;
  const Tensor x = graph.input({2, 3, 4}), five = graph.input({5}, DType::u32), flat = graph.input({3, 4});
  check_rejects([&] { normalise(flat); }, {"normalise", "(3, 4)"});
  check_rejects([&] { normalise(x, {.lengths = five}); }, {"softmax", "lengths (5)"});
  check_rejects([&] { normalise(x, {.kind = Kind::sampled}); }, {"normalise", "generator"});
  check_rejects([&] { attend(x, x, graph.input({2, 5, 4}), {.score = DotScore()}); },
                {"attend", "keys (2, 3, 4)", "values (2, 5, 4)"});
  check_rejects([&] { attend(x, x, Tensor(), {.score = DotScore()}); }, {"attend", "absent"});
}
