#include "ops/recurrence.h"

namespace fovea {
namespace {

constexpr int64_t kGates = 4;

// made: y, before, cells, gates as lstm leaves them -> dx (steps, batch, 4 width), dstart, dstart_cell
// (batch, width)
std::vector<Tensor> lstm_grad(const CellOperands& c, Outputs made, Tensor dy) {
  FOVEA_CHECK(c.weight, "lstm: no gradient through panels ", c.panels.shape(),
              ": the weight must lie in rows");
  const Shape state{int64_t(c.params.batch), int64_t(c.params.width)};
  return dy.graph->add_all(
      {.op = "lstm_grad",
       .inputs = {dense("lstm_grad", dy), pack(c.weight), c.lengths, made[2], made[3]},
       .shape = c.of(c.params.steps, kGates),
       .more = {{.shape = state}, {.shape = state}},
       .launch = [params = c.params](Launch& k) {
         launch_steps(k, "lstm_grad", params.steps + 1, params,
                      {.constants = {{"kHasLengths", k.in(2).buffer != nullptr}},
                       .reads = {{"dy", k.in(0)},
                                 {"weight", k.in(1)},
                                 {"lengths", k.in(2)},
                                 {"cells", k.in(3)},
                                 {"gates", k.in(4)}},
                       .writes = {{"dx", k.out(0)}, {"dstart", k.out(1)}, {"dstart_cell", k.out(2)}}});
       }});
}

void launch_lstm(Launch& k, const RecurrenceParams& params) {
  launch_steps(
      k, "lstm", params.steps, params,
      {.constants = {{"kHasLengths", k.in(5).buffer != nullptr}, {"kHasStart", k.in(3).buffer != nullptr}},
       .reads = {{"x", k.in(0)},
                 {"weight", k.in(6)},
                 {"bias", k.in(2)},
                 {"start", k.in(3)},
                 {"start_cell", k.in(4)},
                 {"lengths", k.in(5)}},
       .writes = {{"y", k.out(0)}, {"before", k.out(1)}, {"cells", k.out(2)}, {"gates", k.out(3)}}});
}

}  // namespace

Lstm lstm(Tensor x, Tensor weight, Tensor bias, const RecurrentOptions& options) {
  const CellOperands c = cell_operands("lstm", x, weight, bias, kGates, options);
  FOVEA_CHECK(bool(options.start) == bool(options.start_cell), "lstm: a start of ",
              options.start ? "h without c" : "c without h");
  const Tensor start = start_operand("lstm", options.start, c.params);
  const Tensor start_cell = start_operand("lstm", options.start_cell, c.params);
  const int64_t steps = c.params.steps, batch = c.params.batch, width = c.params.width;
  const Tensor y = x.graph->add(
      {.op = "lstm",
       .detail = concat(options.reverse ? "reverse" : "", c.lengths ? " lengths" : ""),
       .inputs = {c.x, c.weight ? c.weight : c.panels, c.bias, start, start_cell, c.lengths, c.panels},
       .shape = c.of(steps + 2, 1),
       .more = {{.shape = c.of(steps, 1)}, {.shape = c.of(steps, 1)}, {.shape = c.of(steps, kGates)}},
       .launch = [params = c.params](Launch& k) { launch_lstm(k, params); },
       .grad =
           [c](Outputs made, Tensor dy) {
             const std::vector<Tensor> d = lstm_grad(c, made, dy);  // dx, dstart, dstart_cell
             const CellGradients of = cell_gradients("lstm", c, d[0], made[1]);
             return std::vector{d[0], of.weight, of.bias, d[1], d[2]};
           }});
  const auto state = [&](int64_t at) { return reshape(slice(y, 0, at, 1), {batch, width}); };
  return {.out = slice(y, 0, 0, steps), .last = state(steps), .cell = state(steps + 1)};
}

}  // namespace fovea
