#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "support/search.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr double kMinusInf = -std::numeric_limits<double>::infinity();

void normalise(std::vector<double>& x) {
  double largest = kMinusInf, sum = 0;
  for (double v : x) largest = std::max(largest, v);
  for (double v : x) sum += std::exp(v - largest);
  for (double& v : x) v -= largest + std::log(sum);
}

// Of tokens below 5, as histories are: some come.
const std::vector<std::vector<uint32_t>> kSequences{{6}, {0, 1}, {3, 3}, {2, 0, 4}, {1, 4, 2}};

// What a row has read and must keep to. tokens: the start token and all that came behind it.
struct Row {
  std::vector<double> logits;
  std::vector<uint32_t> tokens;
  uint32_t step, most, given, eos, prompt;  // most: steps
  bool several;                             // beams
  bool sequences;                           // those above never come
};

std::vector<double> reference(Row row, const NextRules& rules, const std::vector<uint32_t>& suppressed) {
  std::vector<double>& y = row.logits;
  if (row.given == kNoToken && rules.forced_eos && row.step + 1 == row.most) row.given = row.eos;
  if (row.given != kNoToken) {
    for (size_t c = 0; c < y.size(); ++c) y[c] = c == row.given ? 0 : kMinusInf;
    return y;
  }
  if (row.several) normalise(y);
  for (uint32_t c : std::set<uint32_t>(row.tokens.begin(), row.tokens.end()))
    y[c] = y[c] < 0 ? y[c] * double(rules.repetition) : y[c] / double(rules.repetition);
  const size_t n = size_t(rules.ngram), count = row.tokens.size();
  std::set<std::vector<uint32_t>> came;
  for (size_t t = 0; n > 0 && t + n <= count; ++t)
    came.insert({row.tokens.begin() + int64_t(t), row.tokens.begin() + int64_t(t + n)});
  for (uint32_t c = 0; c < y.size() && n > 0 && count + 1 >= n; ++c) {
    std::vector<uint32_t> next(row.tokens.end() - int64_t(n - 1), row.tokens.end());
    next.push_back(c);
    if (came.contains(next)) y[c] = kMinusInf;
  }
  for (uint32_t c : suppressed) y[c] = kMinusInf;
  for (const std::vector<uint32_t>& sequence : kSequences) {
    const size_t before = sequence.size() - 1;
    if (!row.sequences || before > count) continue;
    if (std::equal(sequence.begin(), sequence.end() - 1, row.tokens.end() - int64_t(before)))
      y[sequence.back()] = kMinusInf;
  }
  const uint32_t from = rules.behind_prompt ? row.prompt : 0;
  if (int64_t(row.step) < from + rules.min_length) y[row.eos] = kMinusInf;
  if (!row.several) normalise(y);
  return y;
}

struct Case {
  int64_t batch, beams, steps, vocab;
  NextRules rules = {};
  std::vector<uint32_t> suppressed = {};
  bool given = false;  // to the first and last steps of the last sentence
  float low = -4, high = 4, scale = 1;
  bool sequences = false;  // kSequences never come
  uint32_t start = 0;      // read in front of the first step; sentence b reads the b-th token behind it
};

std::optional<State> suppressed_state(const Case& n) {
  std::vector<uint32_t> ids = n.suppressed;
  if (n.sequences) {
    ids = {kNoToken, kNoToken, 6, kNoToken, 0, 1, kNoToken, 3, 3, 2, 0, 4, 1, 4, 2};  // kSequences
  }
  if (ids.empty()) return std::nullopt;
  State state(device(), n.sequences ? Shape{5, 3} : Shape{int64_t(ids.size())}, DType::u32);
  state.write(ids);
  return state;
}

// All steps in turn, each with tokens of its own behind it; then one past the end.
void check_next(Case n) {
  INFO("batch " << n.batch << ", beams " << n.beams << ", steps " << n.steps << ", vocab " << n.vocab);
  const uint32_t vocab = uint32_t(n.vocab), eos = vocab / 2;
  Search search(device(), n.batch, n.beams, n.steps, eos);
  const SearchParams& s = search.params;
  const std::optional<State> suppressed = suppressed_state(n);
  if (suppressed) n.rules.suppressed = &*suppressed;
  Graph graph;
  Tensor logits = graph.input({search.rows(), n.vocab});
  const Tensor y = next_log_probs(logits, search, n.rules);
  REQUIRE(y.shape() == logits.shape());
  Stepper stepper(graph, {y}, {&search.control, &search.history});
  std::vector<uint32_t> control = search.initial(n.start);
  const uint32_t row_of_given = 1 + s.steps, last_given = s.given + (s.batch - 1) * row_of_given + 1;
  if (n.given) control[last_given] = control[last_given + s.steps - 1] = vocab - 1;
  for (uint32_t b = 0; b < s.batch; ++b) {
    control[s.given + b * row_of_given] = (n.start + b) % vocab;
    control[s.prompt + b] = b % 3;
    control[s.ends + b] = s.steps - b % 2;
  }
  std::vector<float> last;
  for (uint32_t step = 0; step <= s.steps; ++step) {
    INFO("step " << step);
    control[kStepWord] = step;
    search.control.write(control);
    const std::vector<uint32_t> history =
        random_ids(search.history.shape().elements(), step + 1, std::min(vocab, 5u));
    search.history.write(history);
    std::vector<float> values = random_values(logits.shape().elements(), step + 2, n.low, n.high);
    for (float& value : values) value *= n.scale;
    std::vector<double> want;
    for (uint32_t row = 0; row < uint32_t(search.rows()) && step < s.steps; ++row) {
      const auto at = values.begin() + int64_t(row) * n.vocab;
      const uint32_t sentence = row / s.beams;
      std::vector<uint32_t> tokens{(n.start + sentence) % vocab};
      for (uint32_t t = 0; t < step; ++t)
        tokens.push_back(history[history_at(s, parity_of(s, step), kTokens, row) + t]);
      const std::vector<double> one =
          reference({.logits = {at, at + n.vocab},
                     .tokens = tokens,
                     .step = step,
                     .most = control[s.ends + sentence],
                     .given = control[s.given + sentence * row_of_given + 1 + step],
                     .eos = eos,
                     .prompt = control[s.prompt + sentence],
                     .several = n.beams > 1,
                     .sequences = n.sequences},
                    n.rules, n.suppressed);
      want.insert(want.end(), one.begin(), one.end());
    }
    const std::vector<float> got = std::get<std::vector<float>>(stepper.run({{logits, values}}).front());
    if (step < s.steps)
      check_close(got, want, kRow);
    else
      REQUIRE(got == last);  // nothing is written past the end
    last = got;
    REQUIRE(search.control.read_u32() == control);
    REQUIRE(search.history.read_u32() == history);
  }
}

}  // namespace

TEST_CASE("next_log_probs matches the loop at every edge") {
  for (int64_t vocab : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131, 1009})
    for (int64_t beams : {1, 3}) check_next({.batch = 2, .beams = beams, .steps = 2, .vocab = vocab});
  check_next({.batch = 37, .beams = 2, .steps = 1, .vocab = 5});
}

TEST_CASE("next_log_probs of large logits") {
  for (int64_t beams : {1, 2})
    check_next({.batch = 1, .beams = beams, .steps = 2, .vocab = 33, .low = 0.1f, .high = 1, .scale = 3e38f});
}

TEST_CASE("next_log_probs of long rows") {
  for (int64_t beams : {1, 2})
    check_next({.batch = 1, .beams = beams, .steps = 2, .vocab = 60013, .rules = {.min_length = 1}});
}

TEST_CASE("next_log_probs suppresses sequences") {
  for (int64_t beams : {1, 3})
    check_next({.batch = 9, .beams = beams, .steps = 6, .vocab = 7, .sequences = true});
}

TEST_CASE("next_log_probs follows each rule") {
  for (int64_t batch : {1, 3})
    for (int64_t beams : {1, 2, 5}) {
      const auto check = [&](const NextRules& rules, const std::vector<uint32_t>& suppressed = {},
                             uint32_t start = 0) {
        check_next({.batch = batch,
                    .beams = beams,
                    .steps = 7,
                    .vocab = 11,
                    .rules = rules,
                    .suppressed = suppressed,
                    .start = start});
      };
      check({.min_length = 3});
      check({.min_length = 3, .behind_prompt = true});
      for (int64_t ngram : {1, 2, 3, 4}) check({.ngram = ngram}, {}, 2);
      for (float repetition : {0.5f, 1.3f, 2.0f}) check({.repetition = repetition}, {}, 9);
      check({}, {3});
      check({.forced_eos = true});
    }
}

TEST_CASE("next_log_probs follows all rules at once") {
  for (int64_t beams : {1, 3}) {
    const NextRules rules{.min_length = 9, .ngram = 2, .repetition = 1.2f, .forced_eos = true};
    check_next({3, beams, 20, 17, rules, {0, 16, 8, 16}});
    check_next({3, beams, 20, 17, rules, {0, 16, 8, 16}, true});
  }
}

TEST_CASE("next_log_probs gives what must come before any rule") {
  for (int64_t beams : {1, 2})
    check_next({2, beams, 3, 11, {.min_length = 5, .ngram = 1, .forced_eos = true}, {10}, true});
}

TEST_CASE("next_log_probs keeps NaN and infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  for (float repetition : {1.0f, 1.5f}) {
    Search search(device(), 3, 1, 2, 0);
    search.control.write(search.initial(1));
    Graph graph;
    Tensor logits = graph.input({3, 3});
    Stepper stepper(graph, {next_log_probs(logits, search, {.repetition = repetition})},
                    {&search.control, &search.history});
    const std::vector<Values> got =
        stepper.run({{logits, std::vector<float>{0, -inf, 0, 1, NAN, 1, inf, 1, 1}}});
    const double half = std::log(0.5);
    check_close(std::get<std::vector<float>>(got[0]), {half, kMinusInf, half, NAN, NAN, NAN, NAN, NAN, NAN},
                kRow);
  }
}

TEST_CASE("next_log_probs rejects what does not fit") {
  Search search(device(), 2, 2, 5, 0);
  Graph graph;
  Tensor logits = graph.input({4, 11});
  const auto next = [&](const NextRules& rules) {
    return [&search, logits, rules] { next_log_probs(logits, search, rules); };
  };
  check_rejects([&] { next_log_probs(Tensor(), search, {}); }, {"next_log_probs", "absent"});
  check_rejects([&] { next_log_probs(graph.input({4, 11}, DType::u32), search, {}); },
                {"next_log_probs", "u32", "f32"});
  check_rejects([&] { next_log_probs(graph.input({3, 11}), search, {}); },
                {"next_log_probs", "(3, 11)", "4 rows"});
  check_rejects([&] { next_log_probs(graph.input({4, 1, 11}), search, {}); },
                {"next_log_probs", "(4, 1, 11)", "4 rows"});
  check_rejects(next({.repetition = 0}), {"next_log_probs", "repetition penalty of 0", "above 0"});
  check_rejects(next({.repetition = NAN}), {"next_log_probs", "repetition penalty", "above 0"});
  check_rejects(next({.min_length = -1}), {"next_log_probs", "length of -1", "below 0"});
  check_rejects(next({.ngram = -2}), {"next_log_probs", "n-grams of -2", "below 0"});
  State floats(device(), {2});
  check_rejects(next({.suppressed = &floats}), {"next_log_probs", "f32", "u32"});
}

TEST_CASE("a search rejects what no buffer holds") {
  check_rejects([] { Search(device(), 0, 1, 1, 0); }, {"search", "batch 0", "at least 1"});
  check_rejects([] { Search(device(), 1, 0, 1, 0); }, {"search", "beams 0", "at least 1"});
  check_rejects([] { Search(device(), 1, 1, 0, 0); }, {"search", "length 0", "at least 1"});
  check_rejects([] { Search(device(), 1 << 12, 1 << 8, 1 << 12, 0); },
                {"search", "4096 sentences", "256 beams", "4096 steps"});
}
