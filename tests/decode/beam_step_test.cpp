#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <tuple>

#include "support/search.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Setup {
  int64_t batch, beams, steps, vocab;
  BeamRules rules = {};
  uint32_t eos = 3;
  float eos_bonus = 0;  // makes hypotheses end early, or late
  float grid = 0;       // log-probabilities are multiples of this: many are equal
  uint32_t prompt = 0;  // sentence b begins with (b % 3) * prompt tokens that are given
  uint32_t fewer = 0;   // sentence b takes (b % 2) * fewer steps less
};

struct Hypothesis {
  std::vector<uint32_t> tokens, origins;
  std::vector<float> log_probs;
  double sum = 0, score = 0;  // score: when finished
};

struct Sentence {
  std::vector<Hypothesis> going, finished;
  bool done = false;
  uint32_t prompt = 0, most = 0;  // most: steps
};

struct Continuation {
  uint32_t row, token;  // row: of the hypothesis that it goes on from
  float value;
  double sum;
};

double worst_of(const Sentence& sentence, size_t beams) {
  double worst = sentence.finished.size() < beams ? double(kNever) : INFINITY;
  for (const Hypothesis& h : sentence.finished) worst = std::min(worst, h.score);
  return worst;
}

// Beam search on the host: a sentence's hypotheses are extended by one token.
class Reference {
 public:
  Reference(const Setup& setup, const SearchParams& at) : setup_(setup), at_(at) {
    for (uint32_t b = 0; b < at.batch; ++b) {
      Sentence& sentence = sentences.emplace_back();
      sentence.prompt = b % 3 * setup.prompt;
      sentence.most = at.steps - b % 2 * setup.fewer;
      sentence.going.resize(at.beams);
      for (uint32_t i = 1; i < at.beams; ++i) sentence.going[i].sum = double(kNever);
    }
  }

  void step(const std::vector<float>& log_probs) {
    for (uint32_t b = 0; b < at_.batch && step_ < at_.steps; ++b)
      if (!sentences[b].done) extend(sentences[b], b * at_.beams, log_probs);
    ++step_;
  }

  std::vector<Sentence> sentences;

 private:
  // Sums are fp32, as control keeps them. Equal ones are in the order of their rows, then of their values.
  std::vector<Continuation> ranked(const Sentence& sentence, uint32_t first,
                                   const std::vector<float>& log_probs) const {
    std::vector<Continuation> all;
    for (uint32_t i = 0; i < at_.beams; ++i)
      for (uint32_t c = 0; c < uint32_t(setup_.vocab); ++c) {
        const float value = log_probs[size_t(first + i) * size_t(setup_.vocab) + c];
        all.push_back({first + i, c, value, double(float(sentence.going[i].sum + double(value)))});
      }
    std::stable_sort(all.begin(), all.end(), [](const Continuation& a, const Continuation& b) {
      if (a.sum != b.sum) return a.sum > b.sum;
      return a.row != b.row ? a.row < b.row : a.value > b.value;
    });
    all.resize(2 * at_.beams);
    return all;
  }

  double normalised(double sum, uint32_t length, uint32_t prompt) const {
    const uint32_t counted = std::max(1u, length - std::min(prompt, length - 1));
    return sum / std::pow(double(counted), double(setup_.rules.length_penalty));
  }

  void finish(Sentence& sentence, Hypothesis h) const {
    h.score = normalised(h.sum, step_ + 1, sentence.prompt);
    if (!(h.score > worst_of(sentence, at_.beams))) return;
    if (sentence.finished.size() == at_.beams)
      sentence.finished.erase(
          std::min_element(sentence.finished.begin(), sentence.finished.end(),
                           [](const Hypothesis& a, const Hypothesis& b) { return a.score < b.score; }));
    sentence.finished.push_back(std::move(h));
  }

  void extend(Sentence& sentence, uint32_t first, const std::vector<float>& log_probs) const {
    const bool last = step_ + 1 == sentence.most, in_prompt = step_ < sentence.prompt;
    std::vector<Hypothesis> going;
    const std::vector<Continuation> all = ranked(sentence, first, log_probs);
    for (size_t rank = 0; rank < all.size(); ++rank) {
      const Continuation& c = all[rank];
      Hypothesis h = sentence.going[c.row - first];
      h.tokens.push_back(c.token);
      h.origins.push_back(c.row);
      h.log_probs.push_back(c.value);
      h.sum = c.sum;
      const bool ends = last || (c.token == setup_.eos && !in_prompt);
      if (ends && rank < at_.beams) finish(sentence, h);
      if (!ends && going.size() < at_.beams) going.push_back(h);
    }
    const BeamRules& rules = setup_.rules;
    const bool full = sentence.finished.size() == at_.beams;
    sentence.done = last || (full && rules.stop_early);
    if (last) return;
    const uint32_t length = rules.patient && rules.length_penalty > 0 ? sentence.most : step_ + 1;
    const bool better =
        normalised(going.front().sum, length, sentence.prompt) > worst_of(sentence, at_.beams);
    sentence.done = sentence.done || (full && !better);
    sentence.going = std::move(going);
  }

  Setup setup_;
  SearchParams at_;
  uint32_t step_ = 0;
};

// The words of a search's States, before and after a step.
struct Words {
  std::vector<uint32_t> control, history;
};

Hypothesis hypothesis_of(const SearchParams& s, const Words& now, uint32_t parity, uint32_t row,
                         uint32_t length) {
  Hypothesis h;
  for (uint32_t t = 0; t < length; ++t) {
    h.tokens.push_back(now.history[history_at(s, parity, kTokens, row) + t]);
    h.origins.push_back(now.history[history_at(s, parity, kOrigins, row) + t]);
    h.log_probs.push_back(float_of(now.history[history_at(s, parity, kLogProbs, row) + t]));
  }
  return h;
}

void check_same(const Hypothesis& got, const Hypothesis& want) {
  REQUIRE(got.tokens == want.tokens);
  REQUIRE(got.origins == want.origins);
  REQUIRE(got.log_probs == want.log_probs);
}

// Pools hold the same, in whatever order.
void check_pool(const SearchParams& s, const Words& now, uint32_t first, const Sentence& want) {
  std::vector<Hypothesis> got, sorted = want.finished;
  for (uint32_t row = first; row < first + s.beams; ++row) {
    const uint32_t length = now.control[s.pool_lengths + row];
    if (length == 0) continue;
    got.push_back(hypothesis_of(s, now, kFinished, row, length));
    got.back().score = double(float_of(now.control[s.pool_scores + row]));
  }
  REQUIRE(got.size() == sorted.size());
  const auto order = [](const Hypothesis& a, const Hypothesis& b) {
    return std::tie(a.tokens, a.origins) < std::tie(b.tokens, b.origins);
  };
  std::sort(got.begin(), got.end(), order);
  std::sort(sorted.begin(), sorted.end(), order);
  std::vector<float> scores;
  std::vector<double> wanted;
  for (size_t i = 0; i < got.size(); ++i) {
    check_same(got[i], sorted[i]);
    scores.push_back(float(got[i].score));
    wanted.push_back(sorted[i].score);
  }
  check_close(scores, wanted, kRow);
}

// A sentence that had ended before this step keeps all its words, one that goes on those it still reads.
void check_untouched(const SearchParams& s, const Words& before, const Words& now, uint32_t step) {
  const auto same = [&](uint32_t at) { return before.control[at] == now.control[at]; };
  for (uint32_t i = 0; i < s.batch; ++i) REQUIRE((same(s.prompt + i) && same(s.seeds + i)));
  for (uint32_t i = s.given; i < now.control.size(); ++i) REQUIRE(same(i));
  for (uint32_t row = 0; row < s.batch * s.beams; ++row) {
    const bool was_done = step >= before.control[s.ends + row / s.beams];
    const bool all_same = same(s.tokens + row) && same(s.scores + row) && same(s.ends + row / s.beams) &&
                          same(s.scores + s.batch * s.beams + row) && same(s.pool_scores + row) &&
                          same(s.pool_lengths + row);
    REQUIRE((!was_done || all_same));
    for (uint32_t parity = 0; parity < 3; ++parity)
      for (uint32_t kind = 0; kind < 3; ++kind)
        for (uint32_t t = 0; t < s.steps; ++t) {
          if (!was_done && t <= step && parity != parity_of(s, step)) continue;
          const size_t at = history_at(s, parity, kind, row) + t;
          REQUIRE(before.history[at] == now.history[at]);
        }
  }
}

void check_after(const SearchParams& s, const Words& now, const Reference& reference, uint32_t step) {
  uint32_t unfinished = 0;
  for (uint32_t b = 0; b < s.batch; ++b) {
    INFO("sentence " << b);
    const Sentence& want = reference.sentences[b];
    REQUIRE((now.control[s.ends + b] <= step + 1) == want.done);
    unfinished += !want.done;
    check_pool(s, now, b * s.beams, want);
    for (uint32_t i = 0; i < s.beams && !want.done; ++i) {
      const uint32_t row = b * s.beams + i;
      INFO("beam " << i);
      check_same(hypothesis_of(s, now, parity_of(s, step + 1), row, step + 1), want.going[i]);
      REQUIRE(now.control[s.tokens + row] == want.going[i].tokens.back());
      REQUIRE(double(float_of(now.control[s.scores + row])) == want.going[i].sum);
    }
  }
  REQUIRE(now.control[kStepWord] == step + 1);
  REQUIRE(now.control[kUnfinishedWord] == unfinished);
}

// Normalised, or on a grid; tokens that are given come alone.
std::vector<float> log_probs_of(const Setup& setup, const Reference& reference, uint32_t step,
                                uint32_t seed) {
  const size_t vocab = size_t(setup.vocab);
  std::vector<float> x =
      random_values(uint64_t(setup.batch * setup.beams * setup.vocab), seed * 1009 + step, -4, 0);
  for (size_t start = 0; start < x.size(); start += vocab) {
    x[start + setup.eos] += setup.eos_bonus;
    double sum = 0;
    for (size_t c = 0; c < vocab; ++c) sum += std::exp(double(x[start + c]));
    for (size_t c = 0; c < vocab; ++c) {
      float& value = x[start + c];
      value = setup.grid > 0 ? std::floor(value / setup.grid) * setup.grid : value - float(std::log(sum));
      const Sentence& sentence = reference.sentences[start / vocab / size_t(setup.beams)];
      if (step < sentence.prompt)
        value = c == (step + 1) % vocab ? 0 : -std::numeric_limits<float>::infinity();
    }
  }
  return x;
}

// Steps until all sentences are done, and three more that change nothing but the count of steps. Gives how
// many steps that took.
uint32_t check_search(const Setup& setup, uint32_t seed = 1) {
  INFO("batch " << setup.batch << ", beams " << setup.beams << ", steps " << setup.steps << ", vocab "
                << setup.vocab << ", length penalty " << setup.rules.length_penalty << ", early "
                << setup.rules.stop_early << ", patient " << setup.rules.patient << ", seed " << seed);
  Search search(device(), setup.batch, setup.beams, setup.steps, setup.eos);
  const SearchParams& s = search.params;
  Graph graph;
  Tensor log_probs = graph.input({search.rows(), setup.vocab});
  Stepper stepper(graph, {beam_step(log_probs, search, setup.rules)}, {&search.control, &search.history});
  Reference reference(setup, s);
  Words before{search.initial(1), random_ids(search.history.shape().elements(), 9, UINT32_MAX)};
  for (uint32_t b = 0; b < s.batch; ++b) {
    before.control[s.prompt + b] = reference.sentences[b].prompt;
    before.control[s.ends + b] = reference.sentences[b].most;
    before.control[s.seeds + b] = b + 17;
  }
  search.control.write(before.control);
  search.history.write(before.history);
  uint32_t taken = 0;
  for (uint32_t step = 0, more = 0; more < 3; ++step) {
    INFO("step " << step);
    const std::vector<float> values = log_probs_of(setup, reference, step, seed);
    const std::vector<Values> got = stepper.run({{log_probs, values}});
    reference.step(values);
    const Words now{search.control.read_u32(), search.history.read_u32()};
    check_untouched(s, before, now, step);
    check_after(s, now, reference, step);
    REQUIRE(std::get<std::vector<uint32_t>>(got[0]) == std::vector<uint32_t>{now.control[kUnfinishedWord]});
    if (before.control[kUnfinishedWord] == 0)
      ++more;
    else
      taken = step + 1;
    before = now;
  }
  REQUIRE(taken <= s.steps);
  return taken;
}

}  // namespace

TEST_CASE("beam_step is beam search until every sentence is done") {
  for (int64_t batch : {1, 3})
    for (int64_t beams : {2, 3, 5})
      for (float penalty : {0.0f, 1.0f, 0.6f, -0.5f})
        check_search({.batch = batch, .beams = beams, .steps = 9, .vocab = 11, .rules = {penalty}});
}

TEST_CASE("beam_step ends a sentence as its rules say") {
  uint32_t early = 0, usual = 0, patient = 0;
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    const auto check = [&](const BeamRules& rules) {
      return check_search({3, 3, 14, 11, rules, 3, 1.5f}, seed);
    };
    early += check({.stop_early = true});
    usual += check({});
    patient += check({.length_penalty = 1.5f, .patient = true});
    check({.length_penalty = -1, .patient = true});
    check({.length_penalty = 0, .patient = true});
    check({.length_penalty = 2, .stop_early = true, .patient = true});
  }
  REQUIRE((early < usual && usual < patient));  // the rules differ
}

TEST_CASE("beam_step finishes all at the last step") {
  for (int64_t steps : {1, 2, 3}) {
    const uint32_t taken = check_search({3, 3, steps, 11, {}, 3, -9});
    REQUIRE(taken == uint32_t(steps));
  }
}

TEST_CASE("beam_step ranks equal scores by their rows") {
  for (int64_t beams : {2, 3, 5})
    for (uint32_t seed = 1; seed <= 3; ++seed)
      check_search({.batch = 2, .beams = beams, .steps = 6, .vocab = 11, .rules = {0}, .grid = 0.5f}, seed);
}

TEST_CASE("beam_step takes small vocabularies and many beams") {
  for (int64_t vocab : {2, 3, 4, 5})
    for (int64_t beams : {2, 3, 5})
      check_search({.batch = 2, .beams = beams, .steps = 6, .vocab = vocab, .eos = uint32_t(vocab - 1)});
  check_search({.batch = 1, .beams = 17, .steps = 4, .vocab = 41});
  check_search({.batch = 17, .beams = 2, .steps = 3, .vocab = 5});
}

TEST_CASE("beam_step follows given tokens and does not count them") {
  for (int64_t beams : {2, 3, 5})
    for (uint32_t seed = 1; seed <= 3; ++seed) {
      check_search({.batch = 3, .beams = beams, .steps = 8, .vocab = 11, .eos = 10, .prompt = 1}, seed);
      check_search({.batch = 3,
                    .beams = beams,
                    .steps = 8,
                    .vocab = 11,
                    .rules = {.patient = true},
                    .eos = 10,
                    .eos_bonus = 1,
                    .prompt = 2},
                   seed);
    }
}

TEST_CASE("beam_step keeps to each sentence's most steps, and a prompt holds the end like any token") {
  for (int64_t beams : {2, 3})
    for (bool patient : {false, true})
      check_search({.batch = 6,
                    .beams = beams,
                    .steps = 7,
                    .vocab = 11,
                    .rules = {.patient = patient},
                    .eos = 2,  // step 1 gives it where the prompt has two tokens
                    .prompt = 1,
                    .fewer = 3});
}

TEST_CASE("beam_step rejects what does not fit") {
  Search search(device(), 2, 2, 5, 0), single(device(), 4, 1, 5, 0);
  Graph graph;
  const auto step = [&](Tensor x, Search& with) { return [x, &with] { beam_step(x, with, {}); }; };
  check_rejects(step(Tensor(), search), {"beam_step", "absent"});
  check_rejects(step(graph.input({4, 11}, DType::u32), search), {"beam_step", "u32", "f32"});
  check_rejects(step(graph.input({4, 11}), single), {"beam_step", "(4, 11)", "several beams"});
  check_rejects(step(graph.input({3, 11}), search), {"beam_step", "(3, 11)", "4 rows"});
  check_rejects(step(graph.input({4}), search), {"beam_step", "(4)", "4 rows"});
  check_rejects(step(graph.input({4, 1}), search), {"beam_step", "vocabulary of 1", "2 tokens"});
}
