#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "core/panels.h"
#include "support/recurrence.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kGates = 3;

// out, then the last states, one step after another.
Tensor all_of(const Gru& made) {
  const Shape one = made.last.shape();
  return concat({made.out, reshape(made.last, {1, one[0], one[1]})}, 0);
}

void check(const CellSizes& sizes, bool with_gradients = false) {
  CellCase cell(sizes, kGates);
  const Tensor y = all_of(gru(cell.operands[0], cell.operands[1], cell.operands[2], cell.options()));
  check_cell(cell, y, [&](const Operands& in) { return gru_loop(sizes, in); }, with_gradients);
}

}  // namespace

TEST_CASE("gru matches the double loop at every edge") {
  for (int64_t width : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 65}) check({3, 5, width});
  for (int64_t batch : {1, 2, 3, 4, 7, 8, 9, 17}) check({2, batch, 6, true});
  for (int64_t steps : {1, 2, 11}) check({steps, 3, 7, steps != 2, steps == 11});
}

TEST_CASE("gru stays where a row ends, and begins there backwards") {
  for (bool reverse : {false, true})
    for (bool start : {false, true}) {
      check({4, 5, 9, start, reverse, {4, 1, 0, 3, 2}});
      check({4, 9, 3, start, reverse, {4, 4, 4, 4, 4, 4, 4, 4, 9}});
    }
}

TEST_CASE("gru's gradients match finite differences of that loop") {
  for (int64_t width : {1, 4, 7, 8, 9, 17}) check({3, 2, width, true}, true);
  for (int64_t batch : {1, 5, 8, 9}) check({2, batch, 5, batch == 5, batch == 9}, true);
  for (bool reverse : {false, true}) check({4, 5, 6, true, reverse, {4, 1, 0, 3, 2}}, true);
  check({1, 3, 5}, true);
}

TEST_CASE("gru reads weights in panels and x with gaps") {
  const CellSizes sizes{3, 2, 5};
  CellCase cell(sizes, kGates);
  const auto& weight = std::get<std::vector<float>>(cell.inputs[1].values);
  State panels(device(), {5, 5 * kGates}, DType::f32, Layout::panels);
  panels.write(pack_panels(weight, 5, 5 * kGates, 1, 5));
  const Tensor packed = cell.graph.use(panels);
  const Gru made = gru(cell.operands[0], packed, cell.operands[2]);
  // The batch comes first in memory.
  const Tensor turned = contiguous(permute(cell.operands[0], {1, 0, 2}));
  const Gru other = gru(permute(turned, {1, 0, 2}), cell.operands[1], cell.operands[2]);
  const std::vector<Values> got = run_all(cell.graph, cell.inputs, {all_of(made), all_of(other)});
  for (const Values& values : got)
    check_close(std::get<std::vector<float>>(values), gru_loop(sizes, cell.widened()), kProduct);
  const Tensor dy = cell.graph.input(made.out.shape());
  check_rejects([&] { cell.graph.grad(made.out, {cell.operands[0]}, dy); }, {"gru", "panels"});
}

TEST_CASE("gru keeps NaN in its row, from its step on") {
  const CellSizes sizes{3, 2, 4};
  CellCase cell(sizes, kGates);
  auto& x = std::get<std::vector<float>>(cell.inputs[0].values);
  x[size_t((1 * 2 + 1) * 4 * kGates)] = NAN;  // step 1, row 1
  const Gru made = gru(cell.operands[0], cell.operands[1], cell.operands[2]);
  check_close(run(cell.graph, cell.inputs, all_of(made)), gru_loop(sizes, cell.widened()), kProduct);
}

TEST_CASE("gru takes gates beyond every bound") {
  CellCase cell({2, 1, 3}, kGates);
  auto& x = std::get<std::vector<float>>(cell.inputs[0].values);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % 2 == 0 ? 1e30f : -1e30f;
  const Gru made = gru(cell.operands[0], cell.operands[1], cell.operands[2]);
  check_close(run(cell.graph, cell.inputs, all_of(made)), gru_loop(cell.sizes, cell.widened()), kProduct);
}

TEST_CASE("gru takes more rows than a device has workgroups") {
  check_many_rows(kGates, [](Tensor x, Tensor weight, Tensor bias) { return gru(x, weight, bias).out; });
}

TEST_CASE("gru rejects what does not fit") {
  Graph graph;
  const int64_t wide = 4 * kGates;
  Tensor x = graph.input({3, 2, wide}), weight = graph.input({wide, 4}), bias = graph.input({wide});
  Tensor lengths = graph.input({3}, DType::u32), start = graph.input({2, 5});
  check_rejects([&] { gru(bias, weight, bias); }, {"gru", "steps, batch"});
  check_rejects([&] { gru(graph.input({3, 2, wide + 1}), weight, bias); }, {"gru", std::to_string(wide + 1)});
  check_rejects([&] { gru(x, transpose(weight), bias); }, {"gru", "weight", "needs"});
  check_rejects([&] { gru(x, weight, start); }, {"gru", "bias", "(2, 5)"});
  check_rejects([&] { gru(x, weight, bias, {.lengths = lengths}); }, {"gru", "lengths", "(3)"});
  check_rejects([&] { gru(x, weight, bias, {.lengths = bias}); }, {"gru", "u32"});
  check_rejects([&] { gru(x, weight, bias, {.start = start}); }, {"gru", "start", "(2, 5)", "(2, 4)"});
  check_rejects([&] { gru(x, weight, bias, {.start_cell = start}); }, {"gru", "cell"});
}
