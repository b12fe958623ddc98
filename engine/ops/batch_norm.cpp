#include "shaders/batch_norm.h"

#include <algorithm>

#include "ops/shapes.h"

namespace fovea {
namespace {

struct Statistics {
  Tensor mean, variance;  // (channels)
};

int64_t parts_of(const BatchNormParams& p) { return ceil_div(p.batch, p.images); }

// Channels are summed in parts of the batch where one workgroup each would be few.
BatchNormParams params_of(const Shape& x, const BatchNormOptions& options) {
  constexpr int64_t kEnough = 256;
  const int64_t batch = x[0], channels = x[1], inner = int64_t(x.slice(2, x.rank()).elements());
  const int64_t parts = std::clamp<int64_t>(kEnough / channels, 1, batch);
  return {.batch = uint32_t(batch),
          .channels = uint32_t(channels),
          .inner = uint32_t(inner),
          .images = uint32_t(ceil_div(batch, parts)),
          .eps = options.eps,
          .momentum = options.momentum,
          // Of a batch's own statistics in the gradient of x; 0: they were given.
          .share = options.mean ? 0 : float(1 / double(batch * inner))};
}

void launch_statistics(Launch& k, const BatchNormParams& p, bool runs) {
  const Span none;
  k.dispatch({.kernel = "batch_norm_parts",
              .groups = k.rows(uint64_t(parts_of(p)) * p.channels),
              .reads = {{"x", k.in()}},
              .writes = {{"parts", k.out(2)}}},
             p);
  k.dispatch({.kernel = "batch_norm_statistics",
              .groups = elements(k, p.channels, 1),
              .constants = {{"kRuns", runs}},
              .reads = {{"parts", k.out(2)}},
              .writes = {{"mean", k.out(0)},
                         {"variance", k.out(1)},
                         {"running_mean", runs ? k.out(3) : none},
                         {"running_variance", runs ? k.out(4) : none}}},
             p);
}

// Of the batch; running ones are updated on the way.
Statistics statistics(Tensor x, const BatchNormParams& p, const BatchNormOptions& options) {
  const Shape shape{p.channels};
  const bool runs = options.running_mean != nullptr;
  std::vector<NodeSpec::Output> more{{.shape = shape}, {.shape = {parts_of(p), 2, p.channels}}};
  if (runs)
    for (State* state : {options.running_mean, options.running_variance})
      more.push_back({.shape = shape, .target = state});
  const std::vector<Tensor> made =
      x.graph->add_all({.op = "batch_norm_statistics",
                        .detail = runs ? concat("momentum ", options.momentum) : "",
                        .inputs = {x},
                        .shape = shape,
                        .more = more,
                        .launch = [=](Launch& k) { launch_statistics(k, p, runs); }});
  return {made[0], made[1]};
}

Tensor grad_parts(Tensor x, Tensor dy, const Statistics& s, const BatchNormParams& p) {
  return x.graph->add(
      {.op = "batch_norm_grad_parts",
       .inputs = {x, dy, s.mean, s.variance},
       .shape = {parts_of(p), 2, p.channels},
       .launch = [=](Launch& k) {
         k.dispatch({.kernel = "batch_norm_grad_parts",
                     .groups = k.rows(uint64_t(parts_of(p)) * p.channels),
                     .reads = {{"x", k.in(0)}, {"dy", k.in(1)}, {"mean", k.in(2)}, {"variance", k.in(3)}},
                     .writes = {{"parts", k.out()}}},
                    p);
       }});
}

// Of the mean and the variance where they were given, from the sums of dy (x - mean) / sqrt(variance + eps)
// and of dy.
std::vector<Tensor> statistics_grad(Tensor weight, const Statistics& s, const Statistics& sums, float eps) {
  const Tensor variance = add(s.variance, fill(*weight.graph, {}, eps));  // (channels)
  return {scale(div(mul(weight, sums.mean), sqrt(variance)), -1),
          scale(div(mul(weight, sums.variance), variance), -0.5f)};
}

// The gradients of x, weight and bias, and of statistics that were given; those of the batch's own are in
// that of x.
std::vector<Tensor> batch_norm_grad(Tensor x, Tensor weight, const Statistics& s, Tensor dy,
                                    const BatchNormParams& p) {
  dy = dense("batch_norm", dy);
  const Tensor parts = grad_parts(x, dy, s, p);
  const Tensor sums = parts.shape()[0] == 1 ? parts : sum(parts, 0);  // (1, 2, channels)
  const Tensor dx = x.graph->add({.op = "batch_norm_grad",
                                  .inputs = {x, dy, weight, s.mean, s.variance, sums},
                                  .shape = x.shape(),
                                  .launch = [=](Launch& k) {
                                    k.dispatch({.kernel = "batch_norm_grad",
                                                .groups = k.rows(uint64_t(p.batch) * p.channels),
                                                .reads = {{"x", k.in(0)},
                                                          {"dy", k.in(1)},
                                                          {"weight", k.in(2)},
                                                          {"mean", k.in(3)},
                                                          {"variance", k.in(4)},
                                                          {"sums", k.in(5)}},
                                                .writes = {{"dx", k.out()}}},
                                               p);
                                  }});
  const auto of = [&](int which) { return reshape(slice(sums, 1, which, 1), {p.channels}); };
  std::vector<Tensor> all{dx, of(0), of(1)};
  if (p.share == 0)
    for (const Tensor each : statistics_grad(weight, s, {all[2], all[1]}, p.eps)) all.push_back(each);
  return all;
}

NodeSpec spec_of(const std::vector<Tensor>& operands, const BatchNormParams& p, Activation activation) {
  const Tensor x = operands[0], weight = operands[1];
  const Statistics s{operands[3], operands[4]};
  const auto launch = [=](Launch& k) {
    k.dispatch({.kernel = "batch_norm",
                .groups = k.rows(uint64_t(p.batch) * p.channels),
                .constants = {{"kActivation", uint32_t(activation)}},
                .reads = {{"x", k.in(0)},
                          {"weight", k.in(1)},
                          {"bias", k.in(2)},
                          {"mean", k.in(3)},
                          {"variance", k.in(4)}},
                .writes = {{"y", k.out()}}},
               p);
  };
  const auto absorb = [=](const Epilogue& epilogue) -> std::optional<NodeSpec> {
    if (epilogue.kind != Epilogue::Kind::activation || activation != Activation::none) return std::nullopt;
    return spec_of(operands, p, epilogue.activation);
  };
  return {
      .op = "batch_norm",
      .detail = concat("eps ", p.eps, activation == Activation::none ? "" : concat(" ", name(activation))),
      .inputs = operands,
      .shape = x.shape(),
      .launch = launch,
      .grad = [=](Outputs, Tensor dy) { return batch_norm_grad(x, weight, s, dy, p); },
      .absorb = absorb};
}

void check_options(const Shape& x, const BatchNormOptions& options) {
  const Shape wanted{x[1]};
  FOVEA_CHECK(bool(options.mean) == bool(options.variance),
              "batch_norm: ", options.mean ? "a mean" : "a variance", " without the other");
  FOVEA_CHECK(!options.running_mean == !options.running_variance, "batch_norm: a running ",
              options.running_mean ? "mean" : "variance", " without the other");
  FOVEA_CHECK(!options.mean || !options.running_mean,
              "batch_norm: running statistics are of the batch's own, a mean is given");
  for (const State* state : {options.running_mean, options.running_variance}) {
    if (!state) continue;
    expect_state("batch_norm", *state, DType::f32);
    FOVEA_CHECK(state->shape() == wanted, "batch_norm: running statistics ", state->shape(), " for x ", x,
                ", needs ", wanted);
  }
  const int64_t counted = int64_t(x.elements()) / x[1];
  FOVEA_CHECK(options.mean || counted > 1, "batch_norm: one element a channel of x ", x,
              " has no variance, at least 2 are needed");
}

}  // namespace

Tensor batch_norm(Tensor x, Tensor weight, Tensor bias, const BatchNormOptions& options) {
  x = dense("batch_norm", x);
  FOVEA_CHECK(x.shape().rank() >= 2, "batch_norm: needs (batch, channels, ..), got ", x.shape());
  check_options(x.shape(), options);
  const Shape wanted{x.shape()[1]};
  const auto vector = [&](const char* what, Tensor t) {
    t = dense("batch_norm", t);
    FOVEA_CHECK(t.shape() == wanted, "batch_norm: ", what, " ", t.shape(), " for x ", x.shape(), ", needs ",
                wanted);
    return t;
  };
  weight = vector("weight", weight);
  bias = vector("bias", bias);
  const BatchNormParams p = params_of(x.shape(), options);
  const Statistics s = options.mean
                           ? Statistics{vector("mean", options.mean), vector("variance", options.variance)}
                           : statistics(x, p, options);
  return x.graph->add(spec_of({x, weight, bias, s.mean, s.variance}, p, Activation::none));
}

}  // namespace fovea
