#include "support/recurrence.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

namespace fovea::test {
namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

// W h + b of one row: (gates * width)
std::vector<double> hidden_of(const std::vector<double>& weight, const std::vector<double>& bias,
                              const double* h, size_t width) {
  std::vector<double> made = bias;
  for (size_t g = 0; g < made.size(); ++g)
    for (size_t k = 0; k < width; ++k) made[g] += weight[g * width + k] * h[k];
  return made;
}

// Takes the steps in order; cell(x, hidden, h, c, unit) changes h and c of one unit.
template <class CellFunction>
std::vector<double> loop(const CellSizes& s, const Operands& in, bool has_cell, const CellFunction& cell) {
  const size_t width = size_t(s.width), batch = size_t(s.batch), steps = size_t(s.steps);
  std::vector<double> h(batch * width, 0), c(batch * width, 0), out(steps * batch * width, 0);
  if (s.start) h = in[3];
  if (s.start && has_cell) c = in[4];
  const size_t gates = in[2].size();
  for (size_t k = 0; k < steps; ++k) {
    const size_t t = s.reverse ? steps - 1 - k : k;
    for (size_t row = 0; row < batch; ++row) {
      if (!s.lengths.empty() && t >= s.lengths[row]) continue;
      const std::vector<double> hidden = hidden_of(in[1], in[2], &h[row * width], width);
      const double* x = &in[0][(t * batch + row) * gates];
      for (size_t unit = 0; unit < width; ++unit) {
        const size_t at = row * width + unit;
        cell(x, hidden, h[at], c[at], unit);
        out[t * batch * width + at] = h[at];
      }
    }
  }
  out.insert(out.end(), h.begin(), h.end());
  if (has_cell) out.insert(out.end(), c.begin(), c.end());
  return out;
}

}  // namespace

std::vector<double> gru_loop(const CellSizes& s, const Operands& in) {
  const size_t w = size_t(s.width);
  return loop(s, in, false,
              [w](const double* x, const std::vector<double>& hidden, double& h, double&, size_t u) {
                const double r = sigmoid_of(x[u] + hidden[u]), z = sigmoid_of(x[w + u] + hidden[w + u]);
                const double n = std::tanh(x[2 * w + u] + r * hidden[2 * w + u]);
                h = (1 - z) * n + z * h;
              });
}

std::vector<double> lstm_loop(const CellSizes& s, const Operands& in) {
  const size_t w = size_t(s.width);
  return loop(s, in, true,
              [w](const double* x, const std::vector<double>& hidden, double& h, double& c, size_t u) {
                const double i = sigmoid_of(x[u] + hidden[u]), f = sigmoid_of(x[w + u] + hidden[w + u]);
                const double g = std::tanh(x[2 * w + u] + hidden[2 * w + u]);
                const double o = sigmoid_of(x[3 * w + u] + hidden[3 * w + u]);
                c = f * c + i * g;
                h = o * std::tanh(c);
              });
}

CellCase::CellCase(const CellSizes& given, int64_t gates) : sizes(given) {
  const int64_t wide = gates * sizes.width;
  std::vector<Shape> shapes = {{sizes.steps, sizes.batch, wide}, {wide, sizes.width}, {wide}};
  if (sizes.start) shapes.push_back({sizes.batch, sizes.width});
  if (sizes.start && gates == 4) shapes.push_back({sizes.batch, sizes.width});
  for (const Shape& shape : shapes) {
    operands.push_back(graph.input(shape));
    inputs.push_back({operands.back(), random_values(shape.elements(), uint32_t(operands.size()))});
  }
  if (sizes.lengths.empty()) return;
  lengths = graph.input({sizes.batch}, DType::u32);
  inputs.push_back({lengths, sizes.lengths});
}

RecurrentOptions CellCase::options() const {
  return {.start = operands.size() > 3 ? operands[3] : Tensor(),
          .start_cell = operands.size() > 4 ? operands[4] : Tensor(),
          .lengths = lengths,
          .reverse = sizes.reverse};
}

Operands CellCase::widened() const {
  Operands made;
  for (size_t i = 0; i < operands.size(); ++i)
    made.push_back(test::widened(std::get<std::vector<float>>(inputs[i].values)));
  return made;
}

void check_cell(CellCase& cell, Tensor y, const Reference& loop, bool with_gradients) {
  INFO("steps " << cell.sizes.steps << ", batch " << cell.sizes.batch << ", width " << cell.sizes.width
                << ", start " << cell.sizes.start << ", reverse " << cell.sizes.reverse << ", lengths "
                << cell.sizes.lengths.size());
  std::vector<Input> inputs = cell.inputs;
  std::vector<Tensor> outputs = {y};
  std::vector<float> dy_values;
  if (with_gradients) {
    const Tensor dy = cell.graph.input(y.shape());
    dy_values = random_values(y.shape().elements(), 77);
    inputs.push_back({dy, dy_values});
    for (Tensor d : cell.graph.grad(y, cell.operands, dy)) outputs.push_back(d);
  }
  const std::vector<Values> got = run_all(cell.graph, inputs, outputs);
  const Operands operands = cell.widened();
  check_close(std::get<std::vector<float>>(got[0]), loop(operands), kProduct);
  for (size_t i = 1; i < got.size(); ++i) {
    INFO("gradient of operand " << i - 1);
    check_close(std::get<std::vector<float>>(got[i]), gradient(loop, operands, dy_values, i - 1), kProduct);
  }
}

void check_many_rows(int64_t gates, const std::function<Tensor(Tensor, Tensor, Tensor)>& cell) {
  constexpr int64_t kBatch = 65535 * 8 + 1;
  Graph graph;
  const Tensor x = graph.input({1, kBatch, gates}), weight = graph.input({gates, 1}),
               bias = graph.input({gates});
  const std::vector<float> one = random_values(uint64_t(gates), 1);
  std::vector<float> all;
  for (int64_t row = 0; row < kBatch; ++row) all.insert(all.end(), one.begin(), one.end());
  const Tensor y = cell(x, weight, bias), dx = graph.grad(sum(sum(y, 1), 0), {x}).front();
  const std::vector<Input> inputs{
      {x, all}, {weight, random_values(uint64_t(gates), 2)}, {bias, random_values(uint64_t(gates), 3)}};
  for (const Values& values : run_all(graph, inputs, {y, dx})) {
    const auto& got = std::get<std::vector<float>>(values);
    const size_t width = got.size() / size_t(kBatch);
    CHECK(std::ranges::any_of(got.begin(), got.begin() + int64_t(width), [](float v) { return v != 0; }));
    size_t other = 0;
    for (size_t i = width; i < got.size(); ++i) other += got[i] != got[i - width];
    CHECK(other == 0);
  }
}

}  // namespace fovea::test
