#include <cmath>

#include "core/check.h"
#include "fovea/scores.hpp"
#include "ops/attention.h"

namespace fovea {
namespace {

Tensor number(Tensor x, float value) { return fill(*x.graph, {}, value); }

// 1 for keys that are seen, else 0, broadcast to the scores; absent: all are.
Tensor seen(Tensor scores, const Normaliser& how) {
  Tensor by_length, by_mask;
  if (how.lengths)
    by_length =
        greater(softmax(fill(*scores.graph, scores.shape(), 0), {.lengths = how.lengths}), number(scores, 0));
  if (how.mask) by_mask = not_equal(how.mask, number(scores, 0));
  return !by_length ? by_mask : !by_mask ? by_length : mul(by_length, by_mask);
}

// (.., keys) -> (.., 1): 1 where a row of weights, or of keys that are seen, is all 0.
Tensor empty_rows(Tensor weights) { return equal(max(weights), number(weights, 0)); }

Tensor proportion(Tensor scores, const Normaliser& how) {
  const Tensor keys = seen(scores, how);
  if (keys) scores = where(keys, scores, number(scores, 0));
  const Tensor total = sum(scores), nothing = equal(total, number(scores, 0));  // (.., queries, 1)
  const Tensor weights = div(scores, where(nothing, number(scores, 1), total));
  if (!how.uniform_if_empty || !keys) return weights;
  return where(empty_rows(keys), number(scores, 1 / float(scores.shape().back())), weights);
}

// One key has it all, as ids (.., queries) say; gradients end here.
Tensor all_on(Tensor ids, int64_t keys) { return detach(one_hot(ids, keys)); }

// keys: as seen() gives them; a row that sees nothing has no weight.
Tensor hard(Tensor scores, Tensor keys) {
  if (!keys) return all_on(argmax(scores), scores.shape().back());
  const Tensor ids = argmax(where(keys, scores, number(scores, -INFINITY)));
  return detach(mul(all_on(ids, scores.shape().back()), keys));
}

Normalised sampled(Tensor scores, Tensor keys, const State* generator) {
  FOVEA_CHECK(generator, "normalise: sampled weights need a generator");
  if (keys) scores = where(keys, scores, number(scores, -INFINITY));
  const Shape shape = scores.shape();
  const Tensor weights = all_on(draw(detach(softmax(scores)), *generator), shape.back());
  const Shape leading = shape.slice(0, shape.rank() - 1);
  if (!keys) return {weights, log_prob(scores, argmax(weights))};
  // Nothing is drawn in a row that sees nothing, which was certain: the logarithm is 0.
  const Tensor nothing = empty_rows(weights);  // (.., queries, 1)
  const Tensor log_probs = log_prob(where(nothing, number(scores, 0), scores), argmax(weights));
  return {weights, where(reshape(nothing, leading), number(scores, 0), log_probs)};
}

void expect_mask(Tensor mask, const Shape& scores) {
  const Shape& shape = mask.shape();
  bool fits = shape.rank() == 2 || shape.rank() == scores.rank();
  for (int i = 1; fits && i <= shape.rank(); ++i) fits = shape[-i] == 1 || shape[-i] == scores[-i];
  FOVEA_CHECK(fits, "normalise: a mask ", shape, " for scores ", scores,
              ", needs (queries, keys) or all of their axes, each as theirs or 1");
}

bool fits_fused(Tensor q, Tensor k, Tensor v, const AttendOptions& options) {
  const Normaliser& how = options.normaliser;
  const int64_t width = q.shape().back();
  return how.kind == Normaliser::Kind::softmax && !how.uniform_if_empty && !how.mask && !options.weights &&
         options.dropout.rate == 0 && (!how.lengths || how.lengths.shape().rank() == 1) &&
         has_attention(width) && k.shape().back() == width && v.shape() == k.shape() &&
         options.score.dot_scale(width);
}

// (batch, rows, width) as one head; heads stay.
Tensor with_heads(Tensor x) {
  const Shape s = x.shape();
  return s.rank() == 4 ? x : reshape(x, {s[0], 1, s[1], s[2]});
}

// (batch, heads, rows, width) as batches, which is what scores take.
Tensor without_heads(Tensor x) {
  const Shape s = x.shape();
  return s.rank() == 3 ? x : reshape(x, {s[0] * s[1], s[2], s[3]});
}

// (.., queries, keys)
Tensor scores_of(Tensor q, Tensor k, const AttendOptions& options) {
  const Tensor queries = without_heads(q), keys = without_heads(k);
  const Tensor scores = options.memory ? options.score.of(queries, keys) : options.score(queries, keys);
  const Shape s = q.shape();
  return s.rank() == 3 ? scores : reshape(scores, {s[0], s[1], s[2], k.shape()[2]});
}

}  // namespace

Normalised normalise(Tensor scores, const Normaliser& how) {
  const int rank = scores ? scores.shape().rank() : 0;
  FOVEA_CHECK(rank == 3 || rank == 4,
              "normalise: needs (batch, queries, keys) or (batch, heads, queries, keys)", ", got ",
              scores ? scores.shape() : Shape());
  if (how.mask) expect_mask(how.mask, scores.shape());
  if (how.kind == Normaliser::Kind::proportion) return {proportion(scores, how), {}};
  Tensor lengths = how.lengths, keys;  // keys: those seen, where lengths alone do not say it
  const bool composed = how.kind == Normaliser::Kind::hard || how.kind == Normaliser::Kind::sampled;
  if (how.mask || how.uniform_if_empty || composed) keys = seen(scores, how), lengths = {};
  if (keys && (how.uniform_if_empty || !composed)) {
    // So low that such keys weigh nothing beside others, and all the same among themselves.
    constexpr float kMasked = -1e30f;
    scores = where(keys, scores, number(scores, kMasked));
  }
  if (how.uniform_if_empty) keys = {};
  const auto kept = [&](Tensor weights) { return keys ? mul(weights, keys) : weights; };
  switch (how.kind) {
    case Normaliser::Kind::sparsemax:
      return {kept(sparsemax(scores, lengths)), {}};
    case Normaliser::Kind::hard:
      return {hard(scores, keys), {}};
    case Normaliser::Kind::sampled:
      return sampled(scores, keys, how.generator);
    default:
      return {kept(softmax(scores, {.lengths = lengths})), {}};
  }
}

Attended attend(Tensor q, Tensor k, Tensor v, const AttendOptions& options) {
  FOVEA_CHECK(q && k && v, "attend: queries, keys or values are absent");
  const int rank = q.shape().rank();
  const Shape &keys = k.shape(), &values = v.shape();
  FOVEA_CHECK((rank == 3 || rank == 4) && keys.rank() == rank && values.rank() == rank &&
                  keys.slice(0, rank - 1) == values.slice(0, rank - 1) &&
                  keys.slice(0, rank - 2) == q.shape().slice(0, rank - 2),
              "attend: queries ", q.shape(), ", keys ", keys, " and values ", values,
              " are not (batch, queries or keys, width), or all of them (batch, heads, .., width)");
  if (fits_fused(q, k, v, options)) {
    const AttentionOptions how{.scale = *options.score.dot_scale(q.shape().back()),
                               .lengths = options.normaliser.lengths};
    return {.out = reshape(attention(with_heads(q), with_heads(k), with_heads(v), how).out, q.shape())};
  }
  const Normalised made = normalise(scores_of(q, k, options), options.normaliser);
  return {.out = matmul(options.dropout(made.weights), v),
          .weights = options.weights ? made.weights : Tensor(),
          .log_probs = made.log_probs};
}

ScoreFunction::ScoreFunction(Device& device, float decay) : baseline_(device, {1}), decay_(decay) {
  FOVEA_CHECK(decay >= 0 && decay < 1, "score function: a decay of ", decay, " must be in [0, 1)");
}

Tensor ScoreFunction::surrogate(Tensor losses, Tensor log_probs) const {
  FOVEA_CHECK(losses && log_probs && losses.shape() == log_probs.shape(), "score function: losses ",
              losses ? losses.shape() : Shape(), " for log-probabilities ",
              log_probs ? log_probs.shape() : Shape());
  const Shape flat{int64_t(losses.shape().elements())};
  const Tensor advantage = detach(sub(losses, losses.graph->use(baseline_, "baseline")));
  const Tensor credit = mul(log_probs, advantage);
  // The credit is for its gradient alone: the value stays that of the losses.
  return mean(reshape(add(losses, sub(credit, detach(credit))), flat), 0);
}

Tensor ScoreFunction::update(Tensor losses) {
  const Tensor now = mean(reshape(losses, {int64_t(losses.shape().elements())}), 0);
  const Tensor before = losses.graph->use(baseline_, "baseline");
  return assign(baseline_, add(scale(before, decay_), scale(now, 1 - decay_)));
}

float ScoreFunction::baseline() const { return baseline_.read().front(); }

}  // namespace fovea
