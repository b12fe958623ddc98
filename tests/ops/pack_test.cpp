#include <catch2/catch_test_macros.hpp>

#include "core/panels.h"
#include "ops/copy.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// The memory of packed panels, padding included, as rows.
Tensor memory_of(Tensor packed) {
  const Shape shape = {int64_t(panel_elements(packed.shape()))};
  return packed.graph->add({.op = "memory_of", .inputs = {packed}, .shape = shape, .launch = [=](Launch& k) {
                              copy_strided(k, k.in(), contiguous_strides(shape), k.out(),
                                           contiguous_strides(shape), shape);
                            }});
}

}  // namespace

TEST_CASE("pack agrees bit for bit with the host's panels") {
  struct Extents {
    int64_t k, n;
  };
  for (const Extents e :
       {Extents{1, 1}, {1, 64}, {2, 65}, {15, 63}, {16, 64}, {17, 66}, {33, 129}, {100, 7}, {31, 197}}) {
    INFO("k " << e.k << ", n " << e.n);
    Graph graph;
    Tensor b = graph.input({e.k, e.n});
    const std::vector<float> values = random_values(uint64_t(e.k * e.n), uint32_t(e.n));
    REQUIRE(run(graph, {{b, values}}, memory_of(pack(b))) == pack_panels(values, e.k, e.n, e.n, 1));
    Tensor turned = memory_of(pack(transpose(b)));
    REQUIRE(run(graph, {{b, values}}, turned) == pack_panels(values, e.n, e.k, 1, e.n));
  }
}

TEST_CASE("pack of a batch packs one matrix after another, views in place") {
  constexpr int64_t k = 18, n = 67;
  Graph graph;
  Tensor b = graph.input({2, 3, k, n});
  const std::vector<float> values = random_values(6 * k * n, 1);
  std::vector<float> want;
  for (int64_t z = 0; z < 6; ++z) {
    const std::vector<float> one = pack_panels(std::span(values).subspan(size_t(z * k * n)), k, n, n, 1);
    want.insert(want.end(), one.begin(), one.end());
  }
  REQUIRE(run(graph, {{b, values}}, memory_of(pack(b))) == want);
  Tensor part = slice(reshape(b, {6, k, n}), 0, 2, 3);  // matrices 2, 3, 4
  const auto begin = want.begin() + 2 * panel_elements(k, n);
  REQUIRE(run(graph, {{b, values}}, memory_of(pack(part))) ==
          std::vector<float>(begin, begin + 3 * panel_elements(k, n)));
}

TEST_CASE("pack packs the same elements once, until their State changes") {
  State state(device(), {3, 4});
  Graph graph;
  Tensor b = graph.use(state);
  const Tensor first = pack(transpose(b));
  REQUIRE(pack(transpose(b)).id == first.id);
  REQUIRE(pack(b).id != first.id);
  REQUIRE(pack(slice(b, 0, 0, 2)).id != pack(slice(b, 0, 1, 2)).id);
  Tensor x = graph.input({3, 4});
  assign(state, x);
  const Tensor after = pack(transpose(b));
  REQUIRE(after.id != first.id);
  const std::vector<float> values = random_values(12, 1);
  REQUIRE(run(graph, {{x, values}}, memory_of(after)) == pack_panels(values, 4, 3, 1, 4));
}

TEST_CASE("pack rejects ids, vectors and panels") {
  Graph graph;
  check_rejects([&] { pack(graph.input({4})); }, {"pack", "(4)"});
  check_rejects([&] { pack(graph.input({4, 4}, DType::u32)); }, {"pack", "u32"});
  check_rejects([&] { pack(pack(graph.input({4, 4}))); }, {"pack", "panels"});
}
