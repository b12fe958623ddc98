// Recurrent cells as plain double-precision loops, and their operands.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "fovea/cells.hpp"
#include "fovea/ops.hpp"
#include "support/check.h"
#include "support/gradient.h"

namespace fovea::test {

struct CellSizes {
  int64_t steps, batch, width;
  bool start = false, reverse = false;
  std::vector<uint32_t> lengths = {};  // empty: all steps of every row
};

// operands: x (steps, batch, gates * width), weight (gates * width, width), bias (gates * width), with a
// start h and for lstm c (batch, width) -> out (steps, batch, width), then last, then for lstm c, one after
// another.
std::vector<double> gru_loop(const CellSizes& sizes, const Operands& operands);
std::vector<double> lstm_loop(const CellSizes& sizes, const Operands& operands);

// A cell in a graph with random operands in the order of the loops.
struct CellCase {
  CellCase(const CellSizes& sizes, int64_t gates);
  RecurrentOptions options() const;
  Operands widened() const;  // operands without the lengths

  CellSizes sizes;
  Graph graph;
  std::vector<Input> inputs;     // the lengths, if there are any, come last
  std::vector<Tensor> operands;  // without the lengths
  Tensor lengths;
};

// Compares y, what the cell gives in the order of the loop, and the gradients of all operands.
void check_cell(CellCase& cell, Tensor y, const Reference& loop, bool with_gradients);

// More rows than 65535 workgroups take at 8 rows each, all alike: what the first gives, in y and in the
// gradient of x, every row gives. cell(x, weight, bias): as the ops, of width 1.
void check_many_rows(int64_t gates, const std::function<Tensor(Tensor, Tensor, Tensor)>& cell);

}  // namespace fovea::test
