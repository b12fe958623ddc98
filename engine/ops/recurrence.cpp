#include "ops/recurrence.h"

#include "gpu/shaders.h"

namespace fovea {
namespace {

// The variant for all steps at once that wastes no row where there are few, and otherwise serves many rows
// with each weight that it loads; null: the device has none.
const Shader* sequence_variant(const Limits& limits, const std::string& kernel, uint32_t batch) {
  constexpr uint32_t kFewRows = 4;
  if (limits.kernels != KernelClass::cpu) return nullptr;
  const Shader* best = nullptr;
  for (const Shader* variant : variants_for((kernel + "_sequence").c_str(), limits.subgroup)) {
    const bool single = variant->number("ROWS") == 1;
    if (!best || single == (batch <= kFewRows)) best = variant;
  }
  return best;
}

}  // namespace

CellOperands cell_operands(const char* op, Tensor x, Tensor weight, Tensor bias, int64_t gates,
                           const RecurrentOptions& options) {
  expect_holds(op, weight, DType::f32);
  CellOperands made{.x = dense(op, x), .bias = dense(op, bias)};
  const bool packed = weight.layout() == Layout::panels;
  const Shape &s = x.shape(), &w = weight.shape();
  FOVEA_CHECK(s.rank() == 3 && s[2] % gates == 0, op, ": x ", s, " is not (steps, batch, ", gates, " width)");
  const int64_t width = s[2] / gates;
  const Shape wanted = packed ? Shape{width, s[2]} : Shape{s[2], width};
  FOVEA_CHECK(w == wanted, op, ": weight ", w, " for x ", s, ", needs ", wanted);
  FOVEA_CHECK(bias.shape() == Shape({s[2]}), op, ": bias ", bias.shape(), " for x ", s, ", needs ",
              Shape({s[2]}));
  made.panels = packed ? weight : pack(transpose(weight));
  if (!packed) made.weight = weight;
  if (options.lengths) {
    made.lengths = dense(op, options.lengths, DType::u32);
    FOVEA_CHECK(made.lengths.shape() == Shape({s[1]}), op, ": lengths ", made.lengths.shape(), " for x ", s,
                ", needs one a row of the batch");
  }
  made.params = {.steps = uint32_t(s[0]),
                 .batch = uint32_t(s[1]),
                 .width = uint32_t(width),
                 .first = 0,
                 .count = 0,
                 .reverse = options.reverse,
                 .last = 1};
  return made;
}

Tensor start_operand(const char* op, Tensor start, const RecurrenceParams& params) {
  if (!start) return start;
  start = dense(op, start);
  const Shape wanted{int64_t(params.batch), int64_t(params.width)};
  FOVEA_CHECK(start.shape() == wanted, op, ": a start ", start.shape(), ", needs ", wanted);
  return start;
}

CellGradients cell_gradients(const char* op, const CellOperands& operands, Tensor dh, Tensor before) {
  FOVEA_CHECK(operands.weight, op, ": no gradient through panels ", operands.panels.shape(),
              ": the weight must lie in rows");
  const RecurrenceParams& p = operands.params;
  const int64_t rows = int64_t(p.steps) * p.batch, gates = dh.shape().back();
  const Tensor flat = reshape(dh, {rows, gates});
  return {.weight = matmul(transpose(flat), reshape(before, {rows, int64_t(p.width)})),
          .bias = reshape(sum(flat, 0), {gates})};
}

void launch_steps(Launch& k, const std::string& kernel, uint32_t steps, RecurrenceParams params,
                  const Dispatch& operands) {
  Dispatch what = operands;
  if (const Shader* variant = sequence_variant(k.limits(), kernel, params.batch)) {
    what.kernel = variant->name;
    what.groups = k.rows(uint64_t(ceil_div(params.batch, uint32_t(variant->number("ROWS")))));
    params.count = steps;
    return k.dispatch(what, params);
  }
  constexpr uint32_t kRows = 4;  // of a workgroup, as the shaders say
  what.kernel = kernel;
  what.groups = k.rows(uint64_t(ceil_div(params.batch, kRows)));
  what.groups.z = uint32_t(ceil_div(params.width, lanes(k)));
  params.count = 1;
  for (params.first = 0; params.first < steps; ++params.first) k.dispatch(what, params);
}

}  // namespace fovea
