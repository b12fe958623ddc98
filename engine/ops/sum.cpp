#include "ops/sum.h"

#include <algorithm>

#include "shaders/sum.h"
#include "shaders/sum_columns.h"
#include "shaders/sum_parts.h"

namespace fovea {
namespace {

// Columns are summed in parts of the rows where one lane each would keep few workgroups busy.
uint32_t most_parts(const Reduction& r) {
  constexpr uint32_t kLeastRows = 64, kMostParts = 64, kManyResults = 1 << 15;
  if (r.across() || r.results >= kManyResults) return 1;
  return std::clamp(r.extent / kLeastRows, 1u, kMostParts);
}

struct Way {
  const char* kernel;
  uint32_t lane_results;  // of one lane
  uint32_t wide;          // quads a lane, of sum_columns_wide
};

Way choose_way(const Limits& limits, uint32_t results, bool quads) {
  // GPUs: neighbouring lanes on neighbouring elements, and as many lanes as there can be.
  if (!quads || limits.kernels == KernelClass::gpu) return {"sum_columns_one", 1, 0};
  // Drivers of 4 lanes (SwiftShader) keep arrays in memory.
  if (limits.subgroup <= 4) return {"sum_columns_quads", 4, 0};
  constexpr uint32_t kWidest = 6;
  const uint32_t across = uint32_t(ceil_div(results, 4 * limits.subgroup));
  const uint32_t blocks = uint32_t(ceil_div(across, kWidest)), wide = uint32_t(ceil_div(across, blocks));
  return {"sum_columns_wide", 4 * wide, wide};
}

void launch_columns(Launch& k, const Reduction& r, float divisor) {
  const Span &x = k.in(), &y = k.out();
  const bool quads = r.inner % 4 == 0 && x.address() % 16 == 0 && y.address() % 16 == 0;
  const Way way = choose_way(k.limits(), r.results, quads);
  const uint32_t blocks = uint32_t(ceil_div(r.results, lanes(k) * way.lane_results));
  // CPUs: some workgroups a core, each worth more than a second dispatch. GPUs: as many as there can be.
  constexpr uint32_t kWorth = 1 << 15, kManyBlocks = 48;
  const uint64_t work = uint64_t(r.results) * r.extent / kWorth;
  const bool cpu = k.limits().kernels == KernelClass::cpu;
  const uint32_t enough = cpu ? uint32_t(std::min<uint64_t>(work, kManyBlocks)) : 1 << 12;
  const uint32_t wanted = std::clamp(enough / blocks, 1u, most_parts(r));
  const uint32_t part_rows = uint32_t(ceil_div(r.extent, wanted));
  const uint32_t parts = uint32_t(ceil_div(r.extent, part_rows));

  const bool in_parts = parts > 1;
  const Span none;
  const Span &sums = in_parts ? k.out(1) : y, &lost = in_parts ? k.out(2) : none;  // (parts, results) each
  std::vector<Constant> constants = {{"kInParts", in_parts}};
  if (way.wide > 0) constants.push_back({"kWide", way.wide});
  k.dispatch({.kernel = way.kernel,
              .groups = k.rows(uint64_t(blocks) * parts),
              .constants = constants,
              .reads = {{"x", x}},
              .writes = {{"y", sums}, {"lost_y", lost}}},
             SumColumnsParams{r.results, r.extent, r.inner, part_rows, in_parts ? 1 : divisor});
  if (!in_parts) return;
  k.dispatch({.kernel = "sum_parts",
              .groups = elements(k, r.results, 1),
              .reads = {{"sums", sums}, {"lost", lost}},
              .writes = {{"y", y}}},
             SumPartsParams{r.results, parts, divisor});
}

}  // namespace

std::vector<NodeSpec::Output> sum_parts(const Reduction& r) {
  if (most_parts(r) == 1) return {};
  const NodeSpec::Output half{.shape = {most_parts(r), r.results}};
  return {half, half};
}

void launch_sum(Launch& k, const Reduction& r, float divisor) {
  if (!r.across()) return launch_columns(k, r, divisor);
  k.dispatch(
      {.kernel = "sum", .groups = k.rows(r.results), .reads = {{"x", k.in()}}, .writes = {{"y", k.out()}}},
      SumParams{r.results, r.extent, divisor});
}

Tensor sum(Tensor x, int axis) {
  x = dense("sum", x);
  const Shape shape = x.shape();
  const Reduction r = reduction("sum", shape, axis);
  return x.graph->add({.op = "sum",
                       .detail = concat("axis ", axis),
                       .inputs = {x},
                       .shape = r.result,
                       .more = sum_parts(r),
                       .launch = [=](Launch& k) { launch_sum(k, r, 1); },
                       .grad = [=](Outputs, Tensor dy) { return std::vector{expand(dy, shape)}; }});
}

}  // namespace fovea
