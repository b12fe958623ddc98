#include "ops/tiles.h"

#include <catch2/catch_test_macros.hpp>
#include <string_view>

#include "gpu/shaders.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr uint32_t kExtents[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33, 64, 65, 197, 577, 1024, 4096, 16384};

std::vector<Limits> devices(KernelClass kernels) {
  std::vector<Limits> all;
  for (uint32_t subgroup : {1, 4, 8, 16, 32, 64})
    for (uint32_t lanes : {128, 256, 1024})          // 128 is what every Vulkan device has
      for (uint32_t shared : {16384, 32768, 49152})  // 16384 likewise
        for (bool extras : {false, true})
          all.push_back({.kernels = kernels,
                         .subgroup = subgroup,
                         .max_workgroup_lanes = lanes,
                         .shared_bytes = shared,
                         .int64 = extras,
                         .quad = extras});
  return all;
}

bool starts_with(const char* text, std::string_view start) {
  return std::string_view(text).starts_with(start);
}

}  // namespace

TEST_CASE("matmul tiles obey the limits of every device") {
  for (KernelClass kernels : {KernelClass::cpu, KernelClass::gpu})
    for (const Limits& limits : devices(kernels))
      for (uint32_t m : kExtents)
        for (uint32_t n : kExtents) {
          const MatmulTiles tiles = choose_matmul_tiles(limits, m, n, 768);
          REQUIRE(find_shader(tiles.kernel));
          REQUIRE((tiles.lanes >= 1 && tiles.lanes <= limits.max_workgroup_lanes));
          REQUIRE((tiles.rows >= 1 && tiles.lane_rows >= 1 && tiles.lane_columns >= 1));
          REQUIRE(64 % tiles.columns == 0);
          REQUIRE(tiles.rows * tiles.columns == tiles.lanes * tiles.lane_rows * tiles.lane_columns);
          if (starts_with(tiles.kernel, "matmul_register")) {
            REQUIRE(kernels == KernelClass::cpu);
            REQUIRE(tiles.lanes == limits.subgroup);
          } else {
            REQUIRE(starts_with(tiles.kernel, "matmul_shared"));
            REQUIRE(shared_bytes(tiles) <= limits.shared_bytes);
            REQUIRE(tiles.lane_columns % 4 == 0);
            REQUIRE(tiles.columns == 64);
            REQUIRE((tiles.rows / 2 < m || tiles.rows == 4));
          }
        }
}

TEST_CASE("attention tiles obey the limits of every device") {
  for (KernelClass kernels : {KernelClass::cpu, KernelClass::gpu})
    for (const Limits& limits : devices(kernels))
      for (uint32_t tokens : kExtents)
        for (uint32_t head_dim = 4; head_dim <= 256; head_dim += 4) {
          const AttentionTiles tiles = choose_attention_tiles(limits, tokens, 197, head_dim);
          REQUIRE(find_shader(tiles.kernel));
          REQUIRE((tiles.lanes >= 1 && tiles.lanes <= limits.max_workgroup_lanes));
          REQUIRE((tiles.rows >= 1 && tiles.keys >= 1));
          if (starts_with(tiles.kernel, "attention_register")) {
            REQUIRE(kernels == KernelClass::cpu);
            REQUIRE(tiles.lanes == limits.subgroup);
            continue;
          }
          REQUIRE(starts_with(tiles.kernel, "attention_shared"));
          REQUIRE(shared_bytes(tiles, head_dim) <= limits.shared_bytes);
          REQUIRE((tiles.rows % 4 == 0 && tiles.keys % 4 == 0));
          REQUIRE(tiles.lanes % (tiles.rows / 4) == 0);
          const uint32_t group_lanes = tiles.lanes / (tiles.rows / 4);
          REQUIRE((group_lanes % tiles.keys == 0 || tiles.keys % group_lanes == 0));
          REQUIRE((tiles.rows / 2 < tokens || tiles.rows == 4));
        }
}

TEST_CASE("tiles of the gradients of attention obey the limits of every device") {
  for (KernelClass kernels : {KernelClass::cpu, KernelClass::gpu})
    for (const Limits& limits : devices(kernels))
      for (AttentionGradOf of : {AttentionGradOf::q, AttentionGradOf::kv})
        for (uint32_t own : kExtents)
          for (uint32_t head_dim = 4; head_dim <= 256; head_dim += 4) {
            const AttentionGradTiles tiles = choose_attention_grad_tiles(limits, of, own, head_dim);
            REQUIRE(find_shader(tiles.kernel));
            REQUIRE((tiles.lanes >= 1 && tiles.lanes <= limits.max_workgroup_lanes));
            REQUIRE((tiles.own >= 1 && tiles.step >= 1));
            const bool q = of == AttentionGradOf::q;
            if (starts_with(tiles.kernel, q ? "attention_grad_q_register" : "attention_grad_kv_register")) {
              REQUIRE(kernels == KernelClass::cpu);
              REQUIRE(tiles.lanes == limits.subgroup);
              REQUIRE((tiles.step == tiles.lanes && tiles.own % tiles.lanes == 0));
              continue;
            }
            REQUIRE(starts_with(tiles.kernel, q ? "attention_grad_q_shared" : "attention_grad_kv_shared"));
            REQUIRE(shared_bytes(tiles, head_dim) <= limits.shared_bytes);
            REQUIRE((tiles.own % 4 == 0 && tiles.step % 4 == 0));
            REQUIRE(tiles.lanes % (tiles.own / 4) == 0);
            const uint32_t group_lanes = tiles.lanes / (tiles.own / 4);
            REQUIRE((group_lanes % tiles.step == 0 || tiles.step % group_lanes == 0));
            REQUIRE((tiles.own / 2 < own || tiles.own == 4));
          }
}

TEST_CASE("tiles of the usual shapes") {
  const Limits gpu{.kernels = KernelClass::gpu, .subgroup = 32, .shared_bytes = 49152};
  REQUIRE(choose_matmul_tiles(gpu, 4096, 4096, 4096).rows == 128);
  REQUIRE(choose_matmul_tiles(gpu, 197, 3072, 768).rows == 64);
  REQUIRE(choose_matmul_tiles(gpu, 197, 768, 768).rows == 32);
  REQUIRE(choose_matmul_tiles(gpu, 1, 768, 768).rows == 4);
  for (uint32_t head_dim : {32, 64, 72, 80, 96}) {
    REQUIRE(choose_attention_tiles(gpu, 197, 197, head_dim).rows == 32);
    REQUIRE(choose_attention_tiles(gpu, 197, 197, head_dim).keys == 32);
  }
  REQUIRE(choose_attention_tiles(gpu, 197, 197, 256).rows == 16);
  REQUIRE(choose_attention_tiles(gpu, 1, 197, 64).rows == 4);
  REQUIRE(choose_attention_grad_tiles(gpu, AttentionGradOf::q, 197, 64).own == 32);
  REQUIRE(choose_attention_grad_tiles(gpu, AttentionGradOf::kv, 1, 64).own == 4);
}

TEST_CASE("tiles of a device that has too little are an error") {
  const Limits tiny{
      .kernels = KernelClass::gpu, .subgroup = 32, .max_workgroup_lanes = 128, .shared_bytes = 2048};
  check_rejects([&] { choose_matmul_tiles(tiny, 64, 64, 64); }, {"matmul", "shared memory", "2048"});
  check_rejects([&] { choose_attention_tiles(tiny, 64, 64, 256); },
                {"attention", "head_dim 256", "shared memory", "2048"});
  check_rejects([&] { choose_attention_grad_tiles(tiny, AttentionGradOf::q, 64, 256); },
                {"attention_grad", "head_dim 256", "shared memory", "2048"});
}
