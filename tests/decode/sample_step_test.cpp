#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "support/search.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr uint32_t kEos = 2;

// Probabilities of the tokens that may be drawn, by their definition: the top_k likeliest, of these the
// fewest whose sum reaches top_p.
std::map<uint32_t, double> allowed(const float* log_probs, uint32_t vocab, const Sampling& sampling) {
  std::vector<uint32_t> order(vocab);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return log_probs[a] > log_probs[b]; });
  if (sampling.top_k > 0) order.resize(std::min(order.size(), size_t(sampling.top_k)));
  std::vector<double> weights;
  for (uint32_t id : order) weights.push_back(std::exp(double(log_probs[id]) / double(sampling.temperature)));
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  double kept = 0;
  size_t count = 0;
  while (count < order.size() && (count == 0 || kept < double(sampling.top_p) * sum))
    kept += weights[count++];
  std::map<uint32_t, double> result;
  for (size_t i = 0; i < count; ++i)
    if (weights[i] > 0) result[order[i]] = weights[i] / kept;
  return result;
}

// One search of one beam: the words its States should hold are kept beside it.
class Sampler {
 public:
  Sampler(int64_t batch, int64_t steps, int64_t vocab, const Sampling& sampling)
      : search(device(), batch, 1, steps, kEos),
        sampling_(sampling),
        vocab_(uint32_t(vocab)),
        log_probs_(graph_.input({batch, vocab})),
        unfinished_(sample_step(log_probs_, search, sampling)),
        stepper_(graph_, {unfinished_}, {&search.control, &search.history}),
        control(search.initial(1)),
        history(random_ids(search.history.shape().elements(), 9, UINT32_MAX)) {}

  void begin() {
    search.control.write(control);
    search.history.write(history);
  }

  // Tokens must be among those allowed; of these all other words follow.
  void step(const std::vector<float>& values) {
    const std::vector<Values> got = stepper_.run({{log_probs_, values}});
    const SearchParams& s = search.params;
    const std::vector<uint32_t> now = search.control.read_u32();
    const uint32_t step = control[kStepWord]++;
    uint32_t unfinished = 0;
    for (uint32_t row = 0; row < s.batch; ++row) {
      if (step < control[s.ends + row]) follow(row, step, now[s.tokens + row], values.data() + row * vocab_);
      unfinished += step + 1 < control[s.ends + row];
    }
    control[kUnfinishedWord] = unfinished;
    REQUIRE(now == control);
    REQUIRE(search.history.read_u32() == history);
    REQUIRE(std::get<std::vector<uint32_t>>(got[0]) == std::vector<uint32_t>{unfinished});
  }

  Search search;

 private:
  void follow(uint32_t row, uint32_t step, uint32_t token, const float* log_probs) {
    const SearchParams& s = search.params;
    INFO("row " << row << ", step " << step << ", token " << token);
    Sampling sampling = sampling_;
    if (step < control[s.prompt + row]) sampling.top_k = 1;
    REQUIRE(allowed(log_probs, vocab_, sampling).contains(token));
    const float score = float_of(control[s.scores + row]) + log_probs[token];
    history[history_at(s, 0, kTokens, row) + step] = control[s.tokens + row] = token;
    history[history_at(s, 0, kOrigins, row) + step] = row;
    history[history_at(s, 0, kLogProbs, row) + step] = bits_of(log_probs[token]);
    control[s.scores + row] = bits_of(score);
    const bool end = token == kEos && step >= control[s.prompt + row];
    if (!end && step + 1 < control[s.ends + row]) return;
    control[s.ends + row] = step + 1;
    control[s.pool_scores + row] = bits_of(score);
    control[s.pool_lengths + row] = step + 1;
  }

  Sampling sampling_;
  uint32_t vocab_;
  Graph graph_;
  Tensor log_probs_, unfinished_;
  Stepper stepper_;

 public:
  std::vector<uint32_t> control, history;
};

void check_steps(int64_t batch, int64_t steps, int64_t vocab, const Sampling& sampling) {
  INFO("batch " << batch << ", steps " << steps << ", vocab " << vocab << ", top-k " << sampling.top_k
                << ", top-p " << sampling.top_p);
  Sampler sampler(batch, steps, vocab, sampling);
  const SearchParams& s = sampler.search.params;
  for (uint32_t row = 0; row < s.batch; ++row) {
    sampler.control[s.seeds + row] = row * 77;
    sampler.control[s.prompt + row] = row % 3;
    sampler.control[s.ends + row] = s.steps - row % 2 * std::min(s.steps - 1, 2u);
  }
  sampler.begin();
  for (int64_t step = 0; step < steps + 3; ++step)
    sampler.step(random_values(uint64_t(batch * vocab), uint32_t(step) + 5, -3, 0));
  REQUIRE(sampler.control[kUnfinishedWord] == 0);
}

// Draws of 4096 seeds, all from the same distribution, at two steps.
void check_frequencies(const std::vector<float>& log_probs, const Sampling& sampling) {
  INFO("temperature " << sampling.temperature << ", top-k " << sampling.top_k << ", top-p "
                      << sampling.top_p);
  constexpr uint32_t kRows = 4096;
  Sampler sampler(kRows, 3, int64_t(log_probs.size()), sampling);
  const SearchParams& s = sampler.search.params;
  for (uint32_t row = 0; row < kRows; ++row) sampler.control[s.seeds + row] = row;
  std::vector<float> values;
  for (uint32_t row = 0; row < kRows; ++row) values.insert(values.end(), log_probs.begin(), log_probs.end());
  const std::map<uint32_t, double> wanted = allowed(log_probs.data(), uint32_t(log_probs.size()), sampling);
  std::vector<uint32_t> first;
  for (uint32_t step = 0; step < 2; ++step) {
    std::fill_n(sampler.control.begin() + s.ends, kRows, s.steps);  // those that ended go on
    sampler.begin();
    sampler.step(values);
    const auto tokens = sampler.control.begin() + s.tokens;
    for (const auto& [id, probability] : wanted) {
      const double count = double(std::count(tokens, tokens + kRows, id));
      const double deviation = std::sqrt(kRows * probability * (1 - probability));
      INFO("token " << id << ", step " << step << ": " << count << " of " << kRows << ", probability "
                    << probability);
      REQUIRE(std::abs(count - kRows * probability) <= 4 * deviation + 1e-3);
    }
    if (step == 0)
      first.assign(tokens, tokens + kRows);
    else if (wanted.size() > 1)
      REQUIRE_FALSE(std::equal(first.begin(), first.end(), tokens));
  }
}

}  // namespace

TEST_CASE("sample_step takes the likeliest token") {
  for (int64_t vocab : {3, 4, 5, 7, 8, 9, 17, 33, 131})
    for (int64_t batch : {1, 3, 17}) check_steps(batch, 5, vocab, {});
  check_steps(3, 1, 11, {});
  check_steps(2, 3, 1, {});
  check_steps(2, 3, 1, {.top_k = 0});
}

TEST_CASE("sample_step draws among the likeliest until sentences end") {
  for (int64_t batch : {1, 3, 17})
    for (int64_t top_k : {0, 2, 3, 99})
      for (float top_p : {0.3f, 0.9f, 1.0f})
        check_steps(batch, 6, 11, {.temperature = 0.8f, .top_p = top_p, .top_k = top_k});
}

TEST_CASE("sample_step draws every token as often as it is likely") {
  std::vector<float> log_probs;
  for (float p : {0.05f, 0.4f, 0.1f, 0.25f, 0.15f, 0.05f}) log_probs.push_back(std::log(p));
  check_frequencies(log_probs, {.top_k = 0});
  check_frequencies(log_probs, {.temperature = 0.5f, .top_k = 0});
  check_frequencies(log_probs, {.temperature = 3, .top_k = 0});
  check_frequencies(log_probs, {.top_k = 3});
  check_frequencies(log_probs, {.top_p = 0.7f, .top_k = 0});
  check_frequencies(log_probs, {.top_p = 0.01f, .top_k = 0});
  check_frequencies(log_probs, {.temperature = 1.5f, .top_p = 0.6f, .top_k = 4});
}

TEST_CASE("sample_step never draws what must not come") {
  const float inf = std::numeric_limits<float>::infinity();
  check_frequencies({-inf, -1, -inf, -2, -3, -inf}, {.top_k = 0});
  check_frequencies({-inf, -inf, 0, -inf}, {.temperature = 2, .top_k = 0});
}

TEST_CASE("sample_step draws the same for the same seed") {
  Sampler sampler(64, 4, 33, {.top_k = 0});
  const SearchParams& s = sampler.search.params;
  for (uint32_t row = 0; row < 64; ++row) sampler.control[s.seeds + row] = 1000 + row % 32;
  sampler.begin();
  const std::vector<float> one = random_values(33, 1, -1, 0);
  std::vector<float> values;
  for (uint32_t row = 0; row < 64; ++row) values.insert(values.end(), one.begin(), one.end());
  for (uint32_t step = 0; step < 4; ++step) {
    sampler.step(values);
    const auto tokens = sampler.control.begin() + s.tokens;
    REQUIRE(std::equal(tokens, tokens + 32, tokens + 32));
    REQUIRE_FALSE(std::equal(tokens, tokens + 31, tokens + 1));
  }
}

TEST_CASE("sample_step rejects what does not fit") {
  Search search(device(), 3, 1, 5, 0), beams(device(), 3, 2, 5, 0);
  Graph graph;
  Tensor x = graph.input({3, 11});
  const auto sample = [&](const Sampling& sampling) {
    return [&search, x, sampling] { sample_step(x, search, sampling); };
  };
  check_rejects([&] { sample_step(Tensor(), search, {}); }, {"sample_step", "absent"});
  check_rejects([&] { sample_step(graph.input({3, 11}, DType::u32), search, {}); },
                {"sample_step", "u32", "f32"});
  check_rejects([&] { sample_step(graph.input({6, 11}), beams, {}); },
                {"sample_step", "(6, 11)", "6 rows of one beam"});
  check_rejects([&] { sample_step(graph.input({4, 11}), search, {}); }, {"sample_step", "(4, 11)", "3 rows"});
  check_rejects([&] { sample_step(graph.input({3}), search, {}); }, {"sample_step", "(3)", "3 rows"});
  check_rejects(sample({.temperature = 0}), {"sample_step", "temperature of 0", "above 0"});
  check_rejects(sample({.temperature = NAN}), {"sample_step", "temperature", "above 0"});
  check_rejects(sample({.top_p = 0}), {"sample_step", "top-p 0", "(0, 1]"});
  check_rejects(sample({.top_p = 1.5f}), {"sample_step", "top-p 1.5", "(0, 1]"});
  check_rejects(sample({.top_k = -1}), {"sample_step", "top-k -1", "below 0"});
}
