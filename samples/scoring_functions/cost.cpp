#include "cost.h"

#include <algorithm>
#include <chrono>
#include <fovea/fovea.hpp>

#include "../common/sample.h"

namespace {

using namespace fovea;

constexpr int64_t kBatch = 4;

// The same scores as additive_scores(), in ops that keep every q + k: (batch, queries, keys, hidden).
Tensor additive_of_ops(Tensor q, Tensor k, Tensor w) {
  const int64_t n = q.shape()[1], width = q.shape()[2];
  const Tensor sums = add(reshape(q, {kBatch, n, 1, width}), reshape(k, {kBatch, 1, n, width}));
  return reshape(matmul(tanh(sums), reshape(w, {width, 1})), {kBatch, n, n});
}

Tensor scaled_dot(Tensor q, Tensor k, Tensor) { return DotScore()(q, k); }

struct Timed {
  Graph graph;
  std::optional<Plan> plan;
  std::vector<double> runs;  // milliseconds
};

// A score, and with `training` the gradients of queries and keys.
void make(Timed& timed, Device& device, int64_t size, Tensor (*score)(Tensor, Tensor, Tensor),
          bool training) {
  Graph& graph = timed.graph;
  const Tensor q = graph.input({kBatch, size, size}), k = graph.input({kBatch, size, size});
  const Tensor w = graph.input({size}), y = score(q, k, w);
  std::vector<Tensor> outputs{y};
  if (training)
    for (const Tensor& gradient : graph.grad(y, {q, k}, fill(graph, y.shape(), 1)))
      outputs.push_back(gradient);
  timed.plan.emplace(device, graph, outputs);
  const std::vector<float> values(q.shape().elements(), 0.5f);
  timed.plan->write(q, values);
  timed.plan->write(k, values);
  if (score != scaled_dot) timed.plan->write(w, std::vector<float>(size_t(size), 0.5f));
}

double median(std::vector<double> runs) {
  std::nth_element(runs.begin(), runs.begin() + int64_t(runs.size() / 2), runs.end());
  return runs[runs.size() / 2];
}

}  // namespace

void show_cost(Sample& sample, Device& device, int64_t size) {
  for (const bool training : {false, true}) {
    fmt::print("{} batches of {} queries and keys, {} wide{}: milliseconds\n", kBatch, size, size,
               training ? ", with gradients" : "");
    Timed timed[3];
    make(timed[0], device, size, scaled_dot, training);
    make(timed[1], device, size, additive_scores, training);
    make(timed[2], device, size, additive_of_ops, training);
    for (int run = 0; run < 12; ++run)  // in turn: other work on the machine slows all of them
      for (Timed& each : timed) {
        const auto begin = std::chrono::steady_clock::now();
        each.plan->run();
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        if (run > 0) each.runs.push_back(took.count());
      }
    const std::string of = training ? ", with gradients" : "";
    sample.number("scaled dot, ms" + of, median(timed[0].runs));
    sample.number("additive, ms" + of, median(timed[1].runs));
    sample.number("additive as three ops, ms" + of, median(timed[2].runs));
    sample.number("additive / scaled dot" + of, median(timed[1].runs) / median(timed[0].runs));
    sample.number("three ops / one" + of, median(timed[2].runs) / median(timed[1].runs));
  }
}
