#include "graph/arena.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<Lifetime> random_lifetimes(uint32_t seed, size_t count) {
  const std::vector<uint32_t> random = random_ids(3 * count, seed, 1u << 30);
  std::vector<Lifetime> result;
  for (size_t i = 0; i < count; ++i) {
    const size_t first = random[3 * i] % 40, length = random[3 * i + 1] % 12;
    result.push_back({ValueId(i), 4 + random[3 * i + 2] % 100000, first, first + length});
  }
  return result;
}

bool together(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

// Every pair: values alive together lie apart by their aligned sizes; all lie inside, on aligned offsets.
void check_sound(const std::vector<Lifetime>& lives, const Arena& packed) {
  REQUIRE(packed.offsets.size() == lives.size());
  for (size_t i = 0; i < lives.size(); ++i) {
    REQUIRE(packed.offsets[i] % kArenaAlignment == 0);
    REQUIRE(packed.offsets[i] + lives[i].bytes <= packed.bytes);
    for (size_t j = 0; j < i; ++j) {
      const bool apart = packed.offsets[i] + lives[i].bytes <= packed.offsets[j] ||
                         packed.offsets[j] + lives[j].bytes <= packed.offsets[i];
      REQUIRE((apart || !together(lives[i], lives[j])));
    }
  }
}

// The lifetimes of a transformer's forward pass as its blocks make them, sizes in rows * width floats.
std::vector<Lifetime> transformer(uint64_t rows, uint64_t width, uint64_t hidden, int depth) {
  std::vector<Lifetime> lives;
  size_t step = 0;
  const auto make = [&](uint64_t columns, size_t until) {  // alive from this step to `until` steps later
    lives.push_back({ValueId(lives.size()), rows * columns * 4, step, step + until});
    ++step;
  };
  make(width, 5);  // embeddings, alive until the first residual
  for (int block = 0; block < depth; ++block) {
    make(width, 1);      // norm
    make(3 * width, 1);  // q, k, v
    make(width, 2);      // attention; its log-sum-exp beside it
    lives.push_back({ValueId(lives.size()), rows * 12 * 4, step - 1, step - 1});
    make(width, 1);   // projection
    make(width, 4);   // residual
    make(width, 1);   // norm
    make(hidden, 1);  // up
    make(width, 1);   // down
    make(width, 6);   // residual, alive until that of the next block
  }
  return lives;
}

}  // namespace

TEST_CASE("arena never lets values that are alive together share bytes") {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const std::vector<Lifetime> lives = random_lifetimes(seed, 1 + seed * 2);
    const Arena packed = arena(lives);
    check_sound(lives, packed);
    REQUIRE(packed.bytes >= largest_live_set(lives));
    REQUIRE(arena(lives).offsets == packed.offsets);  // deterministic
  }
}

TEST_CASE("arena stays within a quarter of the largest live set on transformers") {
  for (uint64_t rows : {1, 7, 197, 1576})
    for (int depth : {1, 2, 6, 12})
      for (uint64_t width : {192, 768}) {
        const std::vector<Lifetime> lives = transformer(rows, width, 4 * width, depth);
        const Arena packed = arena(lives);
        check_sound(lives, packed);
        REQUIRE(double(packed.bytes) <= 1.25 * double(largest_live_set(lives)));
      }
}

TEST_CASE("arena gives the bytes of a finished value to the next") {
  const std::vector<Lifetime> chain = {{0, 1024, 0, 1}, {1, 1024, 1, 2}, {2, 1024, 2, 3}, {3, 1024, 3, 4}};
  REQUIRE(arena(chain).bytes == 2048);
  REQUIRE(arena({}).bytes == 0);
  REQUIRE(arena({{0, 1, 0, 0}}).bytes == kArenaAlignment);
}

TEST_CASE("spread keeps a gap before and behind every value") {
  constexpr uint64_t kGap = 4096;
  const std::vector<Lifetime> lives = random_lifetimes(3, 25);
  const Arena apart = spread(lives, kGap);
  check_sound(lives, apart);
  uint64_t end = 0;
  for (size_t i = 0; i < lives.size(); ++i) {
    REQUIRE(apart.offsets[i] >= end + kGap);
    end = apart.offsets[i] + lives[i].bytes;
  }
  REQUIRE(apart.bytes >= end + kGap);
}
