#include "ops/tiles.h"

#include <algorithm>

#include "core/check.h"
#include "core/panels.h"

namespace fovea {
namespace {

constexpr uint32_t kQuadBytes = 16;  // shared tiles hold vec4s

// The tiles that matmul_register.comp is built for: lanes, rows, columns of a lane, and the fraction of the
// device's multiply-add peak they reach on large matrices.
struct RegisterTile {
  const char* kernel;
  uint32_t lanes, rows, lane_columns;
  double rate;
};
constexpr RegisterTile kRegisterTiles[] = {
    {"matmul_register_4_40", 4, 40, 16, 0.43},  {"matmul_register_4_16", 4, 16, 8, 0.32},
    {"matmul_register_4_4", 4, 4, 8, 0.19},     {"matmul_register_8_40", 8, 40, 8, 0.54},
    {"matmul_register_8_16", 8, 16, 8, 0.46},   {"matmul_register_8_4", 8, 4, 8, 0.22},
    {"matmul_register_16_40", 16, 40, 4, 0.36}, {"matmul_register_16_16", 16, 16, 4, 0.27},
    {"matmul_register_16_4", 16, 4, 4, 0.13}};

// Register tiles swap in quads on 4 lanes, and load 64-bit words on 8 and 16.
bool has_register_tiles(const Limits& limits) {
  if (limits.kernels != KernelClass::cpu) return false;
  return limits.subgroup == 4 ? limits.quad : (limits.subgroup == 8 || limits.subgroup == 16) && limits.int64;
}

// The tile that needs least time for m rows, those computed in vain included.
MatmulTiles cpu_matmul(const Limits& limits, uint32_t m) {
  const RegisterTile* best = nullptr;
  const auto time = [m](const RegisterTile& tile) { return double(round_up(m, tile.rows)) / tile.rate; };
  for (const RegisterTile& tile : kRegisterTiles)
    if (tile.lanes == limits.subgroup && (!best || time(tile) < time(*best))) best = &tile;
  return {best->kernel, best->lanes,       best->rows, best->lanes * best->lane_columns,
          best->rows,   best->lane_columns};
}

// The tiles that attention_register.comp is built for: lanes, queries, largest head_dim. For each number of
// lanes by rising head_dim, the most queries first.
struct QueryTile {
  const char* kernel;
  uint32_t lanes, rows, head_dim;
};
constexpr QueryTile kQueryTiles[] = {
    {"attention_register_4_2_16", 4, 8, 16},     {"attention_register_4_2_32", 4, 8, 32},
    {"attention_register_4_4_64", 4, 16, 64},    {"attention_register_4_1_64", 4, 4, 64},
    {"attention_register_4_1_80", 4, 4, 80},     {"attention_register_4_1_128", 4, 4, 128},
    {"attention_register_8_1_16", 8, 8, 16},     {"attention_register_8_4_64", 8, 32, 64},
    {"attention_register_8_1_64", 8, 8, 64},     {"attention_register_8_2_128", 8, 16, 128},
    {"attention_register_8_1_128", 8, 8, 128},   {"attention_register_8_1_256", 8, 8, 256},
    {"attention_register_16_1_16", 16, 16, 16},  {"attention_register_16_2_64", 16, 32, 64},
    {"attention_register_16_1_128", 16, 16, 128}};

// The tiles of attention_grad_q_register.comp and attention_grad_kv_register.comp, likewise.
struct GradTile {
  const char *of_q, *of_kv;  // kernels
  uint32_t lanes, own, head_dim;
};
constexpr GradTile kGradTiles[] = {
    {"attention_grad_q_register_4_2_16", "attention_grad_kv_register_4_2_16", 4, 8, 16},
    {"attention_grad_q_register_4_2_32", "attention_grad_kv_register_4_2_32", 4, 8, 32},
    {"attention_grad_q_register_4_2_64", "attention_grad_kv_register_4_2_64", 4, 8, 64},
    {"attention_grad_q_register_4_1_128", "attention_grad_kv_register_4_1_128", 4, 4, 128},
    {"attention_grad_q_register_8_2_16", "attention_grad_kv_register_8_2_16", 8, 16, 16},
    {"attention_grad_q_register_8_2_32", "attention_grad_kv_register_8_2_32", 8, 16, 32},
    {"attention_grad_q_register_8_2_64", "attention_grad_kv_register_8_2_64", 8, 16, 64},
    {"attention_grad_q_register_8_1_128", "attention_grad_kv_register_8_1_128", 8, 8, 128},
    {"attention_grad_q_register_16_1_16", "attention_grad_kv_register_16_1_16", 16, 16, 16},
    {"attention_grad_q_register_16_1_64", "attention_grad_kv_register_16_1_64", 16, 16, 64}};

const GradTile* grad_tile(const Limits& limits, uint32_t head_dim) {
  if (!has_register_tiles(limits)) return nullptr;
  for (const GradTile& tile : kGradTiles)
    if (tile.lanes == limits.subgroup && tile.head_dim >= head_dim) return &tile;
  return nullptr;
}

// The register tile for a head_dim, if there is one: larger heads go to the kernel for GPUs, which streams
// them. As many queries as there are tokens fill one subgroup, a tile of several would idle.
const QueryTile* query_tile(const Limits& limits, uint32_t tokens, uint32_t head_dim) {
  if (!has_register_tiles(limits)) return nullptr;
  const QueryTile* best = nullptr;
  for (const QueryTile& tile : kQueryTiles) {
    if (tile.lanes != limits.subgroup || tile.head_dim < head_dim) continue;
    if (!best || (tile.head_dim == best->head_dim && tokens <= tile.rows)) best = &tile;
  }
  return best;
}

// Column lanes of 4 columns each span a panel. The largest tile that wastes less than half of its rows and
// gives the device enough workgroups; tiles of 32 rows and fewer only follow m.
MatmulTiles gpu_matmul(const Limits& limits, uint32_t m, uint32_t n) {
  constexpr uint32_t kLaneColumns = 4, kColumnLanes = uint32_t(kPanelColumns) / kLaneColumns;
  constexpr int64_t kEnoughGroups = 128;
  constexpr struct {
    uint32_t lanes, lane_rows;
  } kChoices[] = {{256, 8}, {256, 4}, {128, 8}, {128, 4}, {64, 4}, {64, 2}, {64, 1}};
  MatmulTiles tiles{};
  for (const auto& choice : kChoices) {
    const uint32_t rows = choice.lanes / kColumnLanes * choice.lane_rows;
    tiles = {"matmul_shared", choice.lanes, rows, uint32_t(kPanelColumns), choice.lane_rows, kLaneColumns};
    const bool fits =
        choice.lanes <= limits.max_workgroup_lanes && shared_bytes(tiles) <= limits.shared_bytes;
    const bool busy = rows <= 32 || ceil_div(m, rows) * ceil_div(n, kPanelColumns) >= kEnoughGroups;
    if (fits && busy && rows / 2 < m) break;
  }
  FOVEA_CHECK(tiles.lanes <= limits.max_workgroup_lanes && shared_bytes(tiles) <= limits.shared_bytes,
              "matmul: needs ", tiles.lanes, " lanes and ", shared_bytes(tiles),
              " bytes of shared memory, the device has ", limits.max_workgroup_lanes, " and ",
              limits.shared_bytes);
  return tiles;
}

// What a lane holds in registers: its sums, and its part of the tile it fetches ahead, in vec4s.
bool fits_registers(const AttentionTiles& tiles, uint32_t head_dim) {
  constexpr int64_t kSums = 16, kFetched = 8;
  const int64_t quads = head_dim / 4, group_lanes = tiles.lanes / (tiles.rows / 4);
  return 4 * ceil_div(quads, group_lanes) <= kSums && ceil_div(tiles.keys * quads, tiles.lanes) <= kFetched;
}

// The most rows that are not half in vain, with the most keys that fit beside them.
AttentionTiles gpu_attention(const Limits& limits, uint32_t tokens, uint32_t head_dim) {
  constexpr struct {
    uint32_t lanes, rows, keys;
  } kChoices[] = {{128, 32, 32}, {128, 32, 16}, {64, 16, 32}, {128, 16, 32}, {128, 16, 16}, {128, 16, 8},
                  {64, 8, 32},   {128, 8, 32},  {128, 8, 16}, {128, 8, 8},   {128, 8, 4},   {128, 4, 64},
                  {128, 4, 32},  {128, 4, 16},  {128, 4, 8},  {128, 4, 4}};
  AttentionTiles tiles{};
  for (const auto& choice : kChoices) {
    tiles = {"attention_shared", choice.lanes, choice.rows, choice.keys};
    const bool fits = choice.lanes <= limits.max_workgroup_lanes &&
                      shared_bytes(tiles, head_dim) <= limits.shared_bytes && fits_registers(tiles, head_dim);
    if (fits && (choice.rows / 2 < tokens || choice.rows == 4)) break;
  }
  FOVEA_CHECK(
      tiles.lanes <= limits.max_workgroup_lanes && shared_bytes(tiles, head_dim) <= limits.shared_bytes,
      "attention: head_dim ", head_dim, " needs ", tiles.lanes, " lanes and ", shared_bytes(tiles, head_dim),
      " bytes of shared memory, the device has ", limits.max_workgroup_lanes, " and ", limits.shared_bytes);
  return tiles;
}

// As gpu_attention, for sums of two results.
AttentionGradTiles gpu_attention_grad(const Limits& limits, AttentionGradOf of, uint32_t own,
                                      uint32_t head_dim) {
  constexpr struct {
    uint32_t lanes, own, step;
  } kChoices[] = {{128, 32, 32}, {128, 32, 16}, {128, 16, 32}, {128, 16, 16}, {128, 16, 8}, {128, 8, 32},
                  {128, 8, 16},  {128, 8, 8},   {128, 4, 32},  {128, 4, 16},  {128, 4, 8},  {128, 4, 4}};
  constexpr int64_t kSums = 32;  // vec4s of a lane
  const int64_t quads = head_dim / 4;
  AttentionGradTiles tiles{};
  for (const auto& choice : kChoices) {
    tiles = {of == AttentionGradOf::q ? "attention_grad_q_shared" : "attention_grad_kv_shared", choice.lanes,
             choice.own, choice.step};
    const bool fits = choice.lanes <= limits.max_workgroup_lanes &&
                      shared_bytes(tiles, head_dim) <= limits.shared_bytes &&
                      8 * ceil_div(quads, choice.lanes / (choice.own / 4)) <= kSums;
    if (fits && (choice.own / 2 < own || choice.own == 4)) break;
  }
  FOVEA_CHECK(
      tiles.lanes <= limits.max_workgroup_lanes && shared_bytes(tiles, head_dim) <= limits.shared_bytes,
      "attention_grad: head_dim ", head_dim, " needs ", tiles.lanes, " lanes and ",
      shared_bytes(tiles, head_dim), " bytes of shared memory, the device has ", limits.max_workgroup_lanes,
      " and ", limits.shared_bytes);
  return tiles;
}

}  // namespace

// As matmul_shared.comp declares: two halves, each kPanelDepth of k deep; rows of a have a spare quad.
uint32_t shared_bytes(const MatmulTiles& tiles) {
  constexpr uint32_t kDepth = uint32_t(kPanelDepth);
  return 2 * kQuadBytes * (tiles.rows * (kDepth / 4 + 1) + kDepth * tiles.columns / 4);
}

// As attention_shared.comp declares: queries, keys or values, weights, partial results.
uint32_t shared_bytes(const AttentionTiles& tiles, uint32_t head_dim) {
  const uint32_t stride = head_dim / 4 | 1;
  return kQuadBytes * ((tiles.rows + tiles.keys) * stride + tiles.rows / 4 * (tiles.keys + 1) + tiles.lanes);
}

// As attention_grad_shared.glsl declares: two tiles of own rows, one of a step, weights, partial results.
uint32_t shared_bytes(const AttentionGradTiles& tiles, uint32_t head_dim) {
  const uint32_t stride = head_dim / 4 | 1;
  return kQuadBytes *
         ((2 * tiles.own + tiles.step) * stride + tiles.own / 4 * (tiles.step + 1) + tiles.lanes);
}

MatmulTiles choose_matmul_tiles(const Limits& limits, uint32_t m, uint32_t n, uint32_t) {
  return has_register_tiles(limits) ? cpu_matmul(limits, m) : gpu_matmul(limits, m, n);
}

AttentionTiles choose_attention_tiles(const Limits& limits, uint32_t tokens, uint32_t, uint32_t head_dim) {
  if (const QueryTile* tile = query_tile(limits, tokens, head_dim))
    return {tile->kernel, tile->lanes, tile->rows, tile->lanes};
  return gpu_attention(limits, tokens, head_dim);
}

AttentionGradTiles choose_attention_grad_tiles(const Limits& limits, AttentionGradOf of, uint32_t own,
                                               uint32_t head_dim) {
  if (const GradTile* tile = grad_tile(limits, head_dim))
    return {of == AttentionGradOf::q ? tile->of_q : tile->of_kv, tile->lanes, tile->own, tile->lanes};
  return gpu_attention_grad(limits, of, own, head_dim);
}

}  // namespace fovea
