#include "fovea/scores.hpp"

#include <cmath>

#include "core/check.h"
#include "core/random.h"

namespace fovea {
namespace {

void expect_pair(const char* score, Tensor q, Tensor k) {
  FOVEA_CHECK(q && k, score, ": queries or keys are absent");
  FOVEA_CHECK(q.shape().rank() == 3 && k.shape().rank() == 3 && q.shape()[0] == k.shape()[0], score,
              ": queries ", q.shape(), " and keys ", k.shape(), " are not (batch, queries or keys, width)");
}

void expect_one_width(const char* score, Tensor q, Tensor k) {
  expect_pair(score, q, k);
  FOVEA_CHECK(q.shape()[2] == k.shape()[2], score, ": queries ", q.shape(), " and keys ", k.shape(),
              " differ in their width");
}

// |q - k|^2: (batch, queries, keys). From the differences themselves: |q|^2 - 2 q k + |k|^2 would lose the
// digits of near pairs.
Tensor squared_distances(const char* score, Tensor q, Tensor k) {
  expect_one_width(score, q, k);
  const int64_t batch = q.shape()[0], queries = q.shape()[1], keys = k.shape()[1], width = q.shape()[2];
  const Tensor apart = sub(reshape(q, {batch, queries, 1, width}),
                           reshape(k, {batch, 1, keys, width}));  // (batch, queries, keys, width)
  return reshape(sum(square(apart)), {batch, queries, keys});
}

// Numbers of a fresh layer with `in` inputs; `part` tells those of a score apart.
std::vector<float> fresh_weights(uint64_t count, int64_t in, uint64_t seed, uint64_t part) {
  Random random(seed, {kRandomWeights, part});
  return uniform_values(count, fan_in_limit(in), random);
}

Linear fresh_linear(Device& device, int64_t out, int64_t in, const FreshScore& fresh, uint64_t part) {
  FOVEA_CHECK(out > 0 && in > 0, "score: a fresh layer of ", in, " inputs and ", out, " outputs");
  return {device, out, in, fresh_weights(uint64_t(out * in), in, fresh.seed, part), {}, fresh.use};
}

State fresh_state(Device& device, int64_t size, const FreshScore& fresh, uint64_t part) {
  State state(device, {size});
  state.write(fresh_weights(uint64_t(size), size, fresh.seed, part));
  return state;
}

}  // namespace

Tensor UniformScore::of(Tensor q, Tensor k) const {
  expect_pair("uniform score", q, k);
  return fill(*q.graph, {q.shape()[0], q.shape()[1], k.shape()[1]}, 1);
}

KernelScore::KernelScore(Kind kind, float width) : kind_(kind), width_(width) {
  FOVEA_CHECK(width > 0, "kernel score: a width of ", width, " must be above 0");
}

Tensor KernelScore::of(Tensor q, Tensor k) const {
  const Tensor squares = squared_distances("kernel score", q, k);  // (batch, queries, keys)
  if (kind_ == Kind::gaussian) return exp(scale(squares, -0.5f / (width_ * width_)));
  // The root has no slope at 0, where the distance has a corner.
  constexpr float kSmallest = 1e-30f;
  const Tensor u = scale(sqrt(maximum(squares, fill(*q.graph, {}, kSmallest))), 1 / width_);
  const Tensor one = fill(*q.graph, {}, 1);
  return kind_ == Kind::boxcar ? less(u, one) : relu(sub(one, u));
}

DistanceScore::DistanceScore(Device& device, float w) : w_(State(device, {1})) {
  w_->write(std::span<const float>(&w, 1));
}

Tensor DistanceScore::of(Tensor q, Tensor k) const {
  const Tensor squares = squared_distances("distance score", q, k);  // (batch, queries, keys)
  return scale(w_ ? mul(squares, square(q.graph->use(*w_, "w"))) : squares, -0.5f);
}

void DistanceScore::parameters(const std::string& name, Parameters& to) {
  if (w_) to.push_back({name, &*w_});
}

Tensor KeyNormScore::of(Tensor q, Tensor k) const {
  expect_one_width("key norm score", q, k);
  const int64_t batch = k.shape()[0], keys = k.shape()[1];
  const Tensor norms = reshape(sum(square(k)), {batch, 1, keys});
  return sub(matmul(q, transpose(k)), scale(norms, 0.5f));
}

std::optional<float> DotScore::dot_scale(int64_t width) const {
  return scaled_ ? 1 / std::sqrt(float(width)) : 1;
}

Tensor DotScore::of(Tensor q, Tensor k) const {
  expect_one_width("dot score", q, k);
  return matmul(scaled_ ? scale(q, *dot_scale(q.shape()[2])) : q, transpose(k));
}

BilinearScore::BilinearScore(Device& device, const FreshScore& fresh)
    : keys_(fresh_linear(device, fresh.q_width, fresh.k_width, fresh, 0)) {}

Tensor BilinearScore::memory(Tensor k) const { return keys_(k); }

Tensor BilinearScore::of(Tensor q, Tensor memory) const {
  expect_one_width("bilinear score", q, memory);
  return matmul(q, transpose(memory));
}

void BilinearScore::parameters(const std::string& name, Parameters& to) {
  keys_.parameters(name + ".keys", to);
}

AdditiveScore::AdditiveScore(Linear queries, Linear keys, State w)
    : queries_(std::move(queries)), keys_(std::move(keys)), w_(std::move(w)) {}

AdditiveScore::AdditiveScore(Device& device, const FreshScore& fresh)
    : queries_(fresh_linear(device, fresh.hidden, fresh.q_width, fresh, 0)),
      keys_(fresh_linear(device, fresh.hidden, fresh.k_width, fresh, 1)),
      w_(fresh_state(device, fresh.hidden, fresh, 2)) {}

Tensor AdditiveScore::memory(Tensor k) const { return keys_(k); }

Tensor AdditiveScore::of(Tensor q, Tensor memory) const {
  return additive_scores(queries_(q), memory, q.graph->use(w_, "w"));
}

void AdditiveScore::parameters(const std::string& name, Parameters& to) {
  queries_.parameters(name + ".queries", to);
  keys_.parameters(name + ".keys", to);
  to.push_back({name + ".w", &w_});
}

}  // namespace fovea
