#include "ops/tiles.h"

#include <optional>

#include "core/check.h"
#include "core/panels.h"
#include "gpu/shaders.h"

namespace fovea {
namespace {

constexpr uint32_t kQuadBytes = 16;  // shared tiles hold vec4s

// The variants of a register kernel that the device can run: they swap in quads on 4 lanes, and load 64-bit
// words on more.
std::vector<const Shader*> register_variants(const char* file, const Limits& limits) {
  const bool able = limits.subgroup == 4 ? limits.quad : limits.int64;
  if (limits.kernels != KernelClass::cpu || !able) return {};
  return variants_for(file, limits.subgroup);
}

// Of a kernel of products the tile that needs least time for m rows, those computed in vain included.
std::optional<MatmulTiles> register_product(const char* file, const Limits& limits, uint32_t m) {
  std::optional<MatmulTiles> best;
  double least = 0;
  for (const Shader* tile : register_variants(file, limits)) {
    const uint32_t rows = uint32_t(tile->number("ROWS")), columns = uint32_t(tile->number("COLUMNS"));
    const double time = double(round_up(m, rows)) / tile->number("RATE");
    if (best && time >= least) continue;
    best = {tile->name, limits.subgroup, rows, limits.subgroup * columns, rows, columns, {}};
    least = time;
  }
  return best;
}

// A kernel of attention that is built for a tile: rows of a workgroup, and the largest head_dim.
struct RowTile {
  const char* kernel;
  uint32_t rows, head_dim;
};

// The tile for a head_dim, if there is one: larger heads go to the kernel for GPUs, which streams them. Of
// those for the least head_dim the one with most rows, but rows for `count` are enough.
std::optional<RowTile> row_tile(const char* file, const Limits& limits, uint32_t count, uint32_t head_dim) {
  std::optional<RowTile> best;
  for (const Shader* variant : register_variants(file, limits)) {
    const RowTile tile{variant->name, uint32_t(variant->number("GROUPS")) * limits.subgroup,
                       uint32_t(variant->number("HEAD_DIM"))};
    if (tile.head_dim < head_dim) continue;
    const bool closer = !best || tile.head_dim < best->head_dim;
    const bool same = best && tile.head_dim == best->head_dim;
    const bool larger = same && tile.rows > best->rows && count > best->rows;
    const bool enough = same && tile.rows < best->rows && count <= tile.rows;
    if (closer || larger || enough) best = tile;
  }
  return best;
}

// Column lanes of 4 columns each span a panel. The largest tile that wastes less than half of its rows and
// gives the device enough workgroups; tiles of 32 rows and fewer only follow m.
MatmulTiles gpu_matmul(const Limits& limits, uint32_t m, uint32_t n) {
  constexpr uint32_t kLaneColumns = 4, kColumnLanes = kPanelColumns / kLaneColumns;
  constexpr int64_t kEnoughGroups = 128;
  constexpr struct {
    uint32_t lanes, lane_rows;
  } kChoices[] = {{256, 8}, {256, 4}, {128, 8}, {128, 4}, {64, 4}, {64, 2}, {64, 1}};
  MatmulTiles tiles{};
  for (const auto& choice : kChoices) {
    const uint32_t rows = choice.lanes / kColumnLanes * choice.lane_rows;
    tiles = {"matmul_shared",
             choice.lanes,
             rows,
             kPanelColumns,
             choice.lane_rows,
             kLaneColumns,
             {{"kLaneRows", choice.lane_rows}, {"kLaneColumns", kLaneColumns}}};
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

// As conv2d_shared.comp declares: a lane sums 4 rows and 4 columns. No more rows than m needs.
MatmulTiles gpu_conv2d(const Limits& limits, uint32_t m) {
  constexpr uint32_t kColumns = 64, kLaneRows = 4, kLaneColumns = 4;
  uint32_t lanes = 256;
  while (lanes > kColumns && (lanes > limits.max_workgroup_lanes || lanes / 8 >= m)) lanes /= 2;
  const uint32_t rows = lanes * kLaneRows * kLaneColumns / kColumns;
  return {"conv2d_shared", lanes, rows, kColumns, kLaneRows, kLaneColumns, {}};
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
    tiles = {"attention_shared",
             choice.lanes,
             choice.rows,
             choice.keys,
             {{"kRows", choice.rows}, {"kKeys", choice.keys}}};
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
    tiles = {of == AttentionGradOf::q ? "attention_grad_q_shared" : "attention_grad_kv_shared",
             choice.lanes,
             choice.own,
             choice.step,
             {{"kOwn", choice.own}, {"kStep", choice.step}}};
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
  constexpr uint32_t kDepth = kPanelDepth;
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
  if (const std::optional<MatmulTiles> tiles = register_product("matmul_register", limits, m)) return *tiles;
  return gpu_matmul(limits, m, n);
}

MatmulTiles choose_conv2d_tiles(const Limits& limits, uint32_t m) {
  if (const std::optional<MatmulTiles> tiles = register_product("conv2d_register", limits, m)) return *tiles;
  return gpu_conv2d(limits, m);
}

AttentionTiles choose_attention_tiles(const Limits& limits, uint32_t tokens, uint32_t, uint32_t head_dim) {
  if (const std::optional<RowTile> tile = row_tile("attention_register", limits, tokens, head_dim))
    return {tile->kernel, limits.subgroup, tile->rows, limits.subgroup, {}};
  return gpu_attention(limits, tokens, head_dim);
}

AttentionGradTiles choose_attention_grad_tiles(const Limits& limits, AttentionGradOf of, uint32_t own,
                                               uint32_t head_dim) {
  const char* file = of == AttentionGradOf::q ? "attention_grad_q_register" : "attention_grad_kv_register";
  if (const std::optional<RowTile> tile = row_tile(file, limits, own, head_dim))
    return {tile->kernel, limits.subgroup, tile->rows, limits.subgroup, {}};
  return gpu_attention_grad(limits, of, own, head_dim);
}

}  // namespace fovea
