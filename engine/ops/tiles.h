// choose_*_tiles: the shapes of kernel tiles as pure functions of limits and shapes, tested without a device.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/reflect.h"

namespace fovea {

struct MatmulTiles {
  const char* kernel;  // shaders/<kernel>.comp
  uint32_t lanes;      // of a workgroup
  uint32_t rows;       // of y a workgroup computes
  uint32_t columns;
  uint32_t lane_rows;  // of the workgroup's tile that one lane holds in registers
  uint32_t lane_columns;
  std::vector<Constant> constants;  // that tell the kernel its tile; none where it is built for one
};
MatmulTiles choose_matmul_tiles(const Limits& limits, uint32_t m, uint32_t n, uint32_t k);
// The same for a convolution as conv2d.h sees it: m rows.
MatmulTiles choose_conv2d_tiles(const Limits& limits, uint32_t m);

struct AttentionTiles {
  const char* kernel;
  uint32_t lanes;
  uint32_t rows;  // queries of a workgroup
  uint32_t keys;  // of a step of the loop over keys
  std::vector<Constant> constants;
};
AttentionTiles choose_attention_tiles(const Limits& limits, uint32_t tokens, uint32_t keys,
                                      uint32_t head_dim);

// The kernel for the gradient of queries owns queries and streams keys, that for keys and values the other
// way.
struct AttentionGradTiles {
  const char* kernel;
  uint32_t lanes;
  uint32_t own;   // rows of a workgroup
  uint32_t step;  // rows of the other side a turn of the loop
  std::vector<Constant> constants;
};
enum class AttentionGradOf { q, kv };
AttentionGradTiles choose_attention_grad_tiles(const Limits& limits, AttentionGradOf of, uint32_t own,
                                               uint32_t head_dim);

// Shared memory a workgroup of the GPU kernels takes.
uint32_t shared_bytes(const MatmulTiles& tiles);
uint32_t shared_bytes(const AttentionTiles& tiles, uint32_t head_dim);
uint32_t shared_bytes(const AttentionGradTiles& tiles, uint32_t head_dim);

}  // namespace fovea
