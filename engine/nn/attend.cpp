#include <cmath>

#include "core/check.h"
#include "fovea/scores.hpp"

namespace fovea {
namespace {

Tensor number(Tensor x, float value) { return fill(*x.graph, {}, value); }

// 1 for keys that are seen, else 0: as scores.
Tensor seen(Tensor scores, Tensor lengths) {
  return greater(softmax(fill(*scores.graph, scores.shape(), 0), {.lengths = lengths}), number(scores, 0));
}

// (batch, queries, keys) -> (batch, queries, 1): 1 where a row has no weight.
Tensor empty_rows(Tensor weights) { return equal(max(weights), number(weights, 0)); }

Tensor proportion(Tensor scores, const Normaliser& how) {
  if (how.lengths) scores = where(seen(scores, how.lengths), scores, number(scores, 0));
  const Tensor total = sum(scores), nothing = equal(total, number(scores, 0));  // (batch, queries, 1)
  const Tensor weights = div(scores, where(nothing, number(scores, 1), total));
  if (!how.uniform_if_empty) return weights;
  return where(nothing, number(scores, 1 / float(scores.shape().back())), weights);
}

// One key has it all, as ids (batch, queries) say; gradients end here.
Tensor all_on(Tensor ids, int64_t keys) { return detach(one_hot(ids, keys)); }

Tensor hard(Tensor scores, Tensor lengths) {
  if (!lengths) return all_on(argmax(scores), scores.shape().back());
  const Tensor mask = seen(scores, lengths);
  const Tensor ids = argmax(where(mask, scores, number(scores, -INFINITY)));
  return detach(mul(all_on(ids, scores.shape().back()), mask));  // a row that sees nothing has no weight
}

Normalised sampled(Tensor scores, const Normaliser& how) {
  FOVEA_CHECK(how.generator, "normalise: sampled weights need a generator");
  const Tensor chances = detach(softmax(scores, {.lengths = how.lengths}));
  const Shape shape = scores.shape();
  const Tensor weights = all_on(draw(chances, *how.generator), shape.back());
  const Shape leading = shape.slice(0, shape.rank() - 1);
  if (!how.lengths) return {weights, log_prob(scores, argmax(weights))};
  // Nothing is drawn in a row that sees nothing, which was certain: the logarithm is 0.
  const Tensor nothing = empty_rows(weights);  // (batch, queries, 1)
  const Tensor masked = where(seen(scores, how.lengths), scores, number(scores, -INFINITY));
  const Tensor log_probs = log_prob(where(nothing, number(scores, 0), masked), argmax(weights));
  return {weights, where(reshape(nothing, leading), number(scores, 0), log_probs)};
}

bool fits_fused(Tensor q, Tensor k, Tensor v, const AttendOptions& options) {
  const Normaliser& how = options.normaliser;
  const int64_t width = q.shape().rank() == 3 ? q.shape()[2] : 0;
  return how.kind == Normaliser::Kind::softmax && !how.uniform_if_empty && !options.weights &&
         options.dropout.rate == 0 && (!how.lengths || how.lengths.shape().rank() == 1) && width % 4 == 0 &&
         width <= 256 && k.shape().rank() == 3 && k.shape()[2] == width && v.shape() == k.shape() &&
         options.score.dot_scale(width);
}

// (batch, rows, width) as one head.
Tensor one_head(Tensor x) { return reshape(x, {x.shape()[0], 1, x.shape()[1], x.shape()[2]}); }

}  // namespace

Normalised normalise(Tensor scores, const Normaliser& given) {
  FOVEA_CHECK(scores && scores.shape().rank() == 3, "normalise: needs (batch, queries, keys), got ",
              scores ? scores.shape() : Shape());
  Normaliser how = given;
  if (how.kind == Normaliser::Kind::proportion) return {proportion(scores, how), {}};
  if (how.lengths && how.uniform_if_empty) {
    // So low that such keys weigh nothing beside others, and all the same among themselves.
    constexpr float kMasked = -1e30f;
    scores = where(seen(scores, how.lengths), scores, number(scores, kMasked));
    how.lengths = {};
  }
  switch (how.kind) {
    case Normaliser::Kind::sparsemax:
      return {sparsemax(scores, how.lengths), {}};
    case Normaliser::Kind::hard:
      return {hard(scores, how.lengths), {}};
    case Normaliser::Kind::sampled:
      return sampled(scores, how);
    default:
      return {softmax(scores, {.lengths = how.lengths}), {}};
  }
}

Attended attend(Tensor q, Tensor k, Tensor v, const AttendOptions& options) {
  FOVEA_CHECK(q && k && v, "attend: queries, keys or values are absent");
  FOVEA_CHECK(v.shape().rank() == 3 && k.shape().rank() == 3 && v.shape()[0] == k.shape()[0] &&
                  v.shape()[1] == k.shape()[1],
              "attend: keys ", k.shape(), " and values ", v.shape(), " are not (batch, keys, width)");
  if (fits_fused(q, k, v, options)) {
    const AttentionOptions how{.scale = *options.score.dot_scale(q.shape()[2]),
                               .lengths = options.normaliser.lengths};
    const Shape shape = q.shape();
    return {.out = reshape(attention(one_head(q), one_head(k), one_head(v), how).out, shape)};
  }
  const Tensor scores = options.memory ? options.score.of(q, k) : options.score(q, k);
  const Normalised made = normalise(scores, options.normaliser);
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
