#include "ops/recurrence.h"

namespace fovea {
namespace {

constexpr int64_t kGates = 3;

// made: y, before, gates as gru leaves them -> dx, dh (steps, batch, 3 width), dstart (batch, width)
std::vector<Tensor> gru_grad(const CellOperands& c, Outputs made, Tensor dy) {
  FOVEA_CHECK(c.weight, "gru: no gradient through panels ", c.panels.shape(),
              ": the weight must lie in rows");
  const Shape gates = c.of(c.params.steps, kGates);
  return dy.graph->add_all(
      {.op = "gru_grad",
       .inputs = {dense("gru_grad", dy), pack(c.weight), c.lengths, made[1], made[2]},
       .shape = gates,
       .more = {{.shape = gates}, {.shape = {int64_t(c.params.batch), int64_t(c.params.width)}}},
       .launch = [params = c.params](Launch& k) {
         launch_steps(k, "gru_grad", params.steps + 1, params,
                      {.constants = {{"kHasLengths", k.in(2).buffer != nullptr}},
                       .reads = {{"dy", k.in(0)},
                                 {"weight", k.in(1)},
                                 {"lengths", k.in(2)},
                                 {"before", k.in(3)},
                                 {"gates", k.in(4)}},
                       .writes = {{"dx", k.out(0)}, {"dh", k.out(1)}, {"dstart", k.out(2)}}});
       }});
}

}  // namespace

Gru gru(Tensor x, Tensor weight, Tensor bias, const RecurrentOptions& options) {
  const CellOperands c = cell_operands("gru", x, weight, bias, kGates, options);
  FOVEA_CHECK(!options.start_cell, "gru: has no cell state to start with");
  const Tensor start = start_operand("gru", options.start, c.params);
  const int64_t steps = c.params.steps, batch = c.params.batch, width = c.params.width;
  const Tensor y = x.graph->add(
      {.op = "gru",
       .detail = concat(options.reverse ? "reverse" : "", c.lengths ? " lengths" : ""),
       .inputs = {c.x, c.weight ? c.weight : c.panels, c.bias, start, c.lengths, c.panels},
       .shape = c.of(steps + 1, 1),
       .more = {{.shape = c.of(steps, 1)}, {.shape = c.of(steps, 4)}},
       .launch =
           [params = c.params](Launch& k) {
             launch_steps(k, "gru", params.steps, params,
                          {.constants = {{"kHasLengths", k.in(4).buffer != nullptr},
                                         {"kHasStart", k.in(3).buffer != nullptr}},
                           .reads = {{"x", k.in(0)},
                                     {"weight", k.in(5)},
                                     {"bias", k.in(2)},
                                     {"start", k.in(3)},
                                     {"lengths", k.in(4)}},
                           .writes = {{"y", k.out(0)}, {"before", k.out(1)}, {"gates", k.out(2)}}});
           },
       .grad =
           [c](Outputs made, Tensor dy) {
             const std::vector<Tensor> d = gru_grad(c, made, dy);  // dx, dh, dstart
             const CellGradients of = cell_gradients("gru", c, d[1], made[1]);
             return std::vector{d[0], of.weight, of.bias, d[2]};
           }});
  return {.out = slice(y, 0, 0, steps), .last = reshape(slice(y, 0, steps, 1), {batch, width})};
}

}  // namespace fovea
