#include "ops/attention_step.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "support/search.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Sizes {
  int64_t batch, beams, heads, head_dim, keys;  // keys: steps at most in self-attention
  bool additive = false;                        // scores of w . tanh(q + k)
  int64_t rows() const { return batch * beams; }
  int64_t width() const { return heads * head_dim; }
  std::vector<float> w() const {
    return additive ? random_values(uint64_t(head_dim), 99, -2, 2) : std::vector<float>{};
  }
};

// What additive scores learn, on the device.
struct Learned {
  explicit Learned(const Sizes& n) {
    if (n.additive) state.emplace(device(), Shape{n.head_dim}).write(n.w());
  }
  StepHeads heads(int64_t count) const { return {.count = count, .additive = state ? &*state : nullptr}; }
  std::optional<State> state;
};

// Where a vector of head_dim starts, by row and key.
using Place = std::function<size_t(int64_t key)>;
struct Query {
  const float* q;
  const std::vector<float>* cache;
  Place key, value;
  int64_t keys, head_dim;
  std::vector<float> w;  // of additive scores, or empty
};

// Appends the weights of the keys seen to weights, and the output to out.
void attend(const Query& x, std::vector<double>& out, std::vector<double>& weights) {
  std::vector<double> scores;
  for (int64_t t = 0; t < x.keys; ++t) {
    double score = 0;
    for (int64_t d = 0; d < x.head_dim; ++d)
      score +=
          x.w.empty()
              ? double(x.q[d]) * double((*x.cache)[x.key(t) + size_t(d)]) / std::sqrt(double(x.head_dim))
              : double(x.w[size_t(d)]) * std::tanh(double(x.q[d]) + double((*x.cache)[x.key(t) + size_t(d)]));
    scores.push_back(score);
  }
  const double largest = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (double& score : scores) score /= sum;
  for (int64_t d = 0; d < x.head_dim; ++d) {
    double value = 0;
    for (int64_t t = 0; t < x.keys; ++t)
      value += scores[size_t(t)] * double((*x.cache)[x.value(t) + size_t(d)]);
    out.push_back(value);
  }
  weights.insert(weights.end(), scores.begin(), scores.end());
}

// One step of self-attention on the host: K and V go into the cache, origins say whose row a key lies in.
struct Self {
  std::vector<double> out, weights;  // weights of the steps so far only
};
Self self_reference(const Sizes& n, const std::vector<float>& qkv, std::vector<float>& cache,
                    const std::function<uint32_t(int64_t row, int64_t t)>& origin, int64_t step) {
  const int64_t width = n.width(), half = n.rows() * n.keys * width;
  for (int64_t row = 0; row < n.rows(); ++row)
    for (int64_t c = 0; c < width; ++c)
      for (int64_t part = 0; part < 2; ++part)
        cache[size_t(part * half + (row * n.keys + step) * width + c)] =
            qkv[size_t((row * 3 + 1 + part) * width + c)];
  Self result;
  for (int64_t row = 0; row < n.rows(); ++row)
    for (int64_t head = 0; head < n.heads; ++head) {
      const Place key = [&](int64_t t) {
        const int64_t from = t < step ? int64_t(origin(row, t)) : row;
        return size_t((from * n.keys + t) * width + head * n.head_dim);
      };
      attend({.q = qkv.data() + row * 3 * width + head * n.head_dim,
              .cache = &cache,
              .key = key,
              .value = [&](int64_t t) { return key(t) + size_t(half); },
              .keys = step + 1,
              .head_dim = n.head_dim,
              .w = n.w()},
             result.out, result.weights);
    }
  return result;
}

std::vector<float> seen_weights(const std::vector<float>& weights, int64_t keys, int64_t seen) {
  std::vector<float> result;
  for (size_t start = 0; start < weights.size(); start += size_t(keys))
    result.insert(result.end(), weights.begin() + int64_t(start), weights.begin() + int64_t(start) + seen);
  return result;
}

// Every step in turn with origins of its own, the other parities naming other rows; then two past the end.
void check_self(const Sizes& n) {
  INFO("batch " << n.batch << ", beams " << n.beams << ", heads " << n.heads << ", head_dim " << n.head_dim
                << ", steps " << n.keys);
  Search search(device(), n.batch, n.beams, n.keys, 0);
  const SearchParams& s = search.params;
  State cache(device(), {2, n.rows(), n.keys, n.width()});
  std::vector<float> held = random_values(cache.shape().elements(), 1);
  cache.write(held);
  Graph graph;
  Tensor qkv = graph.input({n.rows(), 3 * n.width()});
  const Learned learned(n);
  const AttentionStep made = attention_step(qkv, search, cache, learned.heads(n.heads));
  REQUIRE(made.out.shape() == Shape({n.rows(), n.width()}));
  REQUIRE(made.weights.shape() == Shape({n.rows(), n.heads, n.keys}));
  Stepper stepper(graph, {made.out, made.weights}, {&cache, &search.control, &search.history});
  std::vector<Values> last;
  for (int64_t step = 0; step < n.keys + 2; ++step) {
    INFO("step " << step);
    std::vector<uint32_t> control = search.initial(0);
    control[kStepWord] = uint32_t(step);
    search.control.write(control);
    const std::vector<uint32_t> history =
        random_ids(search.history.shape().elements(), uint32_t(step) + 3, uint32_t(n.rows()));
    search.history.write(history);
    const std::vector<float> values = random_values(qkv.shape().elements(), uint32_t(step) + 2, -2, 2);
    const std::vector<Values> got = stepper.run({{qkv, values}});
    if (step < n.keys) {
      const auto origin = [&](int64_t row, int64_t t) {
        if (n.beams == 1) return uint32_t(row);  // one beam never changes its row
        return history[history_at(s, parity_of(s, uint32_t(step)), kOrigins, uint32_t(row)) + uint32_t(t)];
      };
      const Self want = self_reference(n, values, held, origin, step);
      check_close(std::get<std::vector<float>>(got[0]), want.out, kProduct);
      check_close(seen_weights(std::get<std::vector<float>>(got[1]), n.keys, step + 1), want.weights,
                  kProduct);
    } else {
      REQUIRE(std::get<std::vector<float>>(got[0]) == std::get<std::vector<float>>(last[0]));
    }
    last = got;
    REQUIRE(cache.read() == held);  // K and V of this step are copies, all else is as it was
    REQUIRE(search.control.read_u32() == control);
    REQUIRE(search.history.read_u32() == history);
  }
}

void check_cross(const Sizes& n, const std::vector<uint32_t>& counts) {
  INFO("batch " << n.batch << ", beams " << n.beams << ", heads " << n.heads << ", head_dim " << n.head_dim
                << ", keys " << n.keys);
  Search search(device(), n.batch, n.beams, 3, 0);
  search.control.write(search.initial(0));
  const int64_t width = n.width();
  Graph graph;
  Tensor q = graph.input({n.rows(), width}), memory = graph.input({n.batch, n.keys, 2 * width}),
         lengths = graph.input({n.batch}, DType::u32);
  const Learned learned(n);
  const AttentionStep made = attention_step(q, search, memory, lengths, learned.heads(n.heads));
  const std::vector<float> queries = random_values(q.shape().elements(), 1, -2, 2),
                           held = random_values(memory.shape().elements(), 2, -2, 2);
  const std::vector<Values> got =
      run_all(graph, {{q, queries}, {memory, held}, {lengths, counts}}, {made.out, made.weights});
  std::vector<double> out, weights;
  for (int64_t row = 0; row < n.rows(); ++row)
    for (int64_t head = 0; head < n.heads; ++head) {
      const int64_t sentence = row / n.beams, seen = std::min(int64_t(counts[size_t(sentence)]), n.keys);
      const Place key = [&](int64_t t) {
        return size_t((sentence * n.keys + t) * 2 * width + head * n.head_dim);
      };
      attend({.q = queries.data() + row * width + head * n.head_dim,
              .cache = &held,
              .key = key,
              .value = [&](int64_t t) { return key(t) + size_t(width); },
              .keys = seen,
              .head_dim = n.head_dim,
              .w = n.w()},
             out, weights);
      weights.insert(weights.end(), size_t(n.keys - seen), 0.0);
    }
  check_close(std::get<std::vector<float>>(got[0]), out, kProduct);
  check_close(std::get<std::vector<float>>(got[1]), weights, kProduct);
}

}  // namespace

TEST_CASE("attention_step follows one beam through its own row") {
  for (int64_t head_dim : {1, 3, 4, 64}) check_self({1, 1, 2, head_dim, 5});
  check_self({3, 1, 3, 5, 4});
  check_self({37, 1, 1, 1, 1});
}

TEST_CASE("attention_step reads a key from the row that its origin names") {
  for (int64_t head_dim : {1, 3, 4, 64}) check_self({2, 3, 2, head_dim, 5});
  check_self({1, 2, 1, 7, 4});
  check_self({1, 5, 3, 4, 3});
}

TEST_CASE("attention_step compares by additive scores") {
  for (int64_t head_dim : {1, 3, 4, 17}) {
    check_self({1, 1, 2, head_dim, 5, true});
    check_self({2, 3, 2, head_dim, 4, true});
    check_cross({3, 2, 2, head_dim, 5, true}, {4, 0, 3});
  }
  Search search(device(), 2, 1, 3, 0);
  State cache(device(), {2, 2, 3, 8}), w(device(), {3}), table(device(), {2, 3, 4}), fitting(device(), {4});
  Graph graph;
  const Tensor qkv = graph.input({2, 24});
  check_rejects([&] { attention_step(qkv, search, cache, {.count = 2, .additive = &w}); },
                {"attention_step", "additive (3)", "heads of 4"});
  check_rejects(
      [&] { attention_step(qkv, search, cache, {.count = 2, .relative = &table, .additive = &fitting}); },
      {"attention_step", "relative positions of additive"});
}

TEST_CASE("attention_step takes more steps than lanes") {
  for (int64_t steps : {7, 8, 9, 16, 17, 33}) check_self({1, 2, 1, 3, steps});
}

TEST_CASE("attention_step sees the keys of its sentence's memory") {
  for (int64_t head_dim : {1, 3, 4, 64}) {
    check_cross({1, 1, 2, head_dim, 5}, {5});
    check_cross({3, 2, 2, head_dim, 5}, {4, 1, 3});
  }
  for (int64_t keys : {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131})
    check_cross({2, 3, 1, 4, keys}, {uint32_t(keys), uint32_t(keys + 1) / 2});
}

TEST_CASE("attention_step without keys gives zeros, and lengths past the memory count as all of it") {
  check_cross({3, 2, 2, 5, 9}, {0, 9, 0});
  check_cross({3, 1, 1, 3, 9}, {10, UINT32_MAX, 0});
}

TEST_CASE("attention_step of large scores") {
  Search search(device(), 1, 1, 3, 0);
  search.control.write(search.initial(0));
  Graph graph;
  Tensor q = graph.input({1, 1}), memory = graph.input({1, 3, 2}), lengths = graph.input({1}, DType::u32);
  const AttentionStep made = attention_step(q, search, memory, lengths, {.count = 1});
  const std::vector<float> held{-1e4f, 1, 1e4f, 2, 1e4f, 4};
  const std::vector<Values> got =
      run_all(graph, {{q, std::vector<float>{1e4f}}, {memory, held}, {lengths, std::vector<uint32_t>{3}}},
              {made.out, made.weights});
  check_close(std::get<std::vector<float>>(got[0]), {3}, kExact);
  check_close(std::get<std::vector<float>>(got[1]), {0, 0.5, 0.5}, kExact);
}

TEST_CASE("attention_step keeps NaN and infinity, but not of keys past the length") {
  const float inf = std::numeric_limits<float>::infinity();
  Search search(device(), 5, 1, 3, 0);
  search.control.write(search.initial(0));
  Graph graph;
  Tensor q = graph.input({5, 1}), memory = graph.input({5, 2, 2}), lengths = graph.input({5}, DType::u32);
  const AttentionStep made = attention_step(q, search, memory, lengths, {.count = 1});
  const std::vector<float> held{NAN, 1, 1, 2, inf, 1, 1, 2, -inf, 1, 1, 2, 1, NAN, 1, 2, 1, 2, NAN, NAN};
  const std::vector<Values> got = run_all(
      graph, {{q, std::vector<float>(5, 1)}, {memory, held}, {lengths, std::vector<uint32_t>{2, 2, 2, 2, 1}}},
      {made.out, made.weights});
  check_close(std::get<std::vector<float>>(got[0]), {NAN, NAN, 2, NAN, 2}, kExact);
  check_close(std::get<std::vector<float>>(got[1]), {NAN, NAN, NAN, NAN, 0, 1, 0.5, 0.5, 1, 0}, kExact);
}

TEST_CASE("attention_step rejects what does not fit its cache") {
  Search search(device(), 2, 2, 5, 0);
  State cache(device(), {2, 4, 5, 6}), other(device(), {2, 4, 6, 6}), ids(device(), {2, 4, 5, 6}, DType::u32);
  Graph graph;
  Tensor qkv = graph.input({4, 18});
  check_rejects([&] { attention_step(Tensor(), search, cache, {.count = 2}); }, {"attention_step", "absent"});
  check_rejects([&] { attention_step(graph.input({4, 18}, DType::u32), search, cache, {.count = 2}); },
                {"attention_step", "u32", "f32"});
  check_rejects([&] { attention_step(qkv, search, cache, {.count = 4}); },
                {"attention_step", "width 6", "4 heads"});
  check_rejects([&] { attention_step(qkv, search, cache, {.count = 0}); },
                {"attention_step", "width 6", "0 heads"});
  check_rejects([&] { attention_step(qkv, search, other, {.count = 2}); },
                {"attention_step", "(2, 4, 6, 6)", "(4, 18)", "5 steps"});
  check_rejects([&] { attention_step(qkv, search, ids, {.count = 2}); }, {"attention_step", "u32", "f32"});
  check_rejects([&] { attention_step(graph.input({4, 19}), search, cache, {.count = 2}); },
                {"attention_step", "(4, 19)", "(2, 4, 5, 6)"});
  check_rejects([&] { attention_step(graph.input({3, 18}), search, cache, {.count = 2}); },
                {"attention_step", "(3, 18)", "4 rows"});
  check_rejects([&] { attention_step(graph.input({}), search, cache, {.count = 2}); },
                {"attention_step", "()"});
}

TEST_CASE("attention_step rejects what does not fit its memory") {
  Search search(device(), 2, 2, 5, 0);
  Graph graph;
  Tensor q = graph.input({4, 6}), memory = graph.input({2, 3, 12}), lengths = graph.input({2}, DType::u32);
  const auto step = [&](Tensor from, Tensor to, Tensor counts, int64_t heads) {
    return [&search, from, to, counts, heads] { attention_step(from, search, to, counts, {.count = heads}); };
  };
  check_rejects(step(Tensor(), memory, lengths, 2), {"attention_step", "absent"});
  check_rejects(step(q, Tensor(), lengths, 2), {"attention_step", "absent"});
  check_rejects(step(q, memory, Tensor(), 2), {"attention_step", "absent"});
  check_rejects(step(q, memory, graph.input({2}), 2), {"attention_step", "f32", "u32"});
  check_rejects(step(q, memory, graph.input({3}, DType::u32), 2), {"attention_step", "(3)", "2 sentences"});
  check_rejects(step(q, graph.input({2, 3, 11}), lengths, 2),
                {"attention_step", "(2, 3, 11)", "(4, 6)", "2 sentences"});
  check_rejects(step(q, graph.input({2, 36}), lengths, 2), {"attention_step", "(2, 36)"});
  check_rejects(step(q, memory, lengths, 5), {"attention_step", "width 6", "5 heads"});
  check_rejects(step(graph.input({2, 6}), memory, lengths, 2), {"attention_step", "(2, 6)", "4 rows"});
  check_rejects(step(graph.input({}), memory, lengths, 2), {"attention_step", "()"});
}
