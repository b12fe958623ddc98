#include "ops/copy.h"

#include <catch2/catch_test_macros.hpp>
#include <string_view>

#include "support/array.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<CopyAxis> merged(const Shape& shape, const Strides& from) {
  return merged_axes(shape, from, contiguous_strides(shape));
}

const std::vector<Limits> kDevices = {{.kernels = KernelClass::cpu, .subgroup = 4},
                                      {.kernels = KernelClass::cpu, .subgroup = 8, .int64 = true},
                                      {.kernels = KernelClass::cpu, .subgroup = 1},
                                      {.kernels = KernelClass::gpu, .subgroup = 32, .int64 = true}};

uint32_t words_of(const CopyWay& way) {
  const std::string_view kernel = way.kernel;
  if (kernel.ends_with("uvec4")) return 4;
  return kernel.ends_with("uvec2") || kernel.ends_with("uint64") ? 2 : 1;
}

// What contiguous.comp does, one lane after the other: where in x the words of y come from, -1 for words that
// nobody writes, -2 for words written twice.
std::vector<int64_t> walk(const CopyWay& way, uint64_t words_of_y) {
  const ContiguousParams& p = way.params;
  const uint32_t words = words_of(way);
  std::vector<int64_t> origins(words_of_y, -1);
  for (uint32_t lane = 0; lane < p.lanes; ++lane) {
    uint32_t rest = lane, source = 0, target = 0;
    for (size_t axis = 6; axis-- > 6 - way.axes;) {
      source += rest % p.extents[axis] * p.from[axis];
      target += rest % p.extents[axis] * p.to[axis];
      rest /= p.extents[axis];
    }
    uint32_t at = rest * p.steps * p.pace + (p.pace > 1 ? lane % p.extents[5] : 0);
    for (uint32_t step = rest * p.steps; step < (rest + 1) * p.steps && at < p.walk; ++step, at += p.pace)
      for (uint32_t word = 0; word < words; ++word) {
        int64_t& origin = origins.at((target + step * p.step_to) * words + word);
        origin = origin == -1 ? int64_t(source + step * p.step_from) * words + word : -2;
      }
  }
  return origins;
}

void check_walks(const Shape& shape, const Strides& from) {
  std::vector<int64_t> want;
  for (uint64_t i = 0; i < shape.elements(); ++i) {
    const Index index = index_of(shape, i);
    int64_t origin = 0;
    for (size_t axis = 0; axis < index.size(); ++axis) origin += index[axis] * from[axis];
    want.push_back(origin);
  }
  for (const Limits& limits : kDevices)
    for (const uint64_t addresses : {0, 4, 8}) {
      INFO(to_string(shape) << " on " << limits.subgroup << " lanes from " << addresses);
      REQUIRE(walk(choose_copy(limits, merged(shape, from), addresses), shape.elements()) == want);
    }
}

// y = contiguous(permute(slice(x, last axis, skip, the rest), axes))
void check_copy(const Shape& shape, const std::vector<int>& axes, int64_t skip = 0) {
  INFO(to_string(shape) << " without the first " << skip << " columns");
  const std::vector<uint32_t> values = random_ids(shape.elements(), 1, UINT32_MAX);
  const int last = shape.rank() - 1;
  Graph graph;
  Tensor x = graph.input(shape, DType::u32);
  Tensor part = skip > 0 ? slice(x, last, skip, shape.back() - skip) : x;
  const Array<uint32_t> want = as_array(shape, values).sliced(last, skip, shape.back() - skip).permuted(axes);
  REQUIRE(run_u32(graph, {{x, values}}, dense_copy(permute(part, axes))) == want.values);
}

}  // namespace

TEST_CASE("merged_axes joins what both sides walk as one") {
  using Axes = std::vector<CopyAxis>;
  REQUIRE(merged({}, {}) == Axes{{1, 1, 1}});
  REQUIRE(merged({1, 1}, {{7, 3}}) == Axes{{1, 1, 1}});
  REQUIRE(merged({2, 3, 1, 5}, contiguous_strides({2, 3, 1, 5})) == Axes{{30, 1, 1}});
  // Heads to the front: nothing merges but the axis of extent 1.
  REQUIRE(merged({1, 6, 16, 32}, {{3072, 32, 192, 1}}) == Axes{{6, 32, 512}, {16, 192, 32}, {32, 1, 1}});
  // Columns of a wider matrix: the rows of all batches are one axis.
  REQUIRE(merged({4, 5, 8}, {{100, 20, 1}}) == Axes{{20, 20, 8}, {8, 1, 1}});
  REQUIRE(merged({4, 5, 8}, {{101, 20, 1}}) == Axes{{4, 101, 40}, {5, 20, 8}, {8, 1, 1}});
  REQUIRE(merged({5, 8}, {{1, 5}}) == Axes{{5, 1, 8}, {8, 5, 1}});
  // Of expand: repeated axes merge with one another, not with what they repeat.
  REQUIRE(merged({3, 4, 8}, {{0, 0, 1}}) == Axes{{12, 0, 8}, {8, 1, 1}});
  REQUIRE(merged({8, 3, 4}, {{1, 0, 0}}) == Axes{{8, 1, 12}, {12, 0, 1}});
}

TEST_CASE("choose_copy takes as wide elements as both sides allow") {
  const Limits quads{.kernels = KernelClass::cpu, .subgroup = 4}, pairs = kDevices[1], gpu = kDevices[3];
  const auto kernel = [](const Limits& limits, int64_t columns, int64_t stride, uint64_t addresses) {
    return std::string(choose_copy(limits, {{10, stride, columns}, {columns, 1, 1}}, addresses).kernel);
  };
  REQUIRE(kernel(quads, 32, 64, 48) == "contiguous_uvec4");
  REQUIRE(kernel(gpu, 32, 64, 48) == "contiguous_uvec4");
  REQUIRE(kernel(pairs, 32, 64, 48) == "contiguous_uint64");
  REQUIRE(kernel(quads, 32, 64, 8) == "contiguous_uvec2");
  REQUIRE(kernel(quads, 32, 66, 0) == "contiguous_uvec2");
  REQUIRE(kernel(quads, 30, 64, 0) == "contiguous_uvec2");
  for (const Limits& limits : kDevices) {
    REQUIRE(kernel(limits, 32, 64, 4) == "contiguous_uint");
    REQUIRE(kernel(limits, 32, 65, 0) == "contiguous_uint");
    REQUIRE(kernel(limits, 33, 66, 0) == "contiguous_uint");
    REQUIRE(choose_copy(limits, {{8, 1, 8}, {8, 8, 1}}, 0).kernel == std::string_view("contiguous_uint"));
  }
}

TEST_CASE("choose_copy walks where it pays") {
  const Limits limits = kDevices[0];
  const auto extent = [&](const std::vector<CopyAxis>& axes) {
    return choose_copy(limits, axes, 0).params.walk;
  };
  REQUIRE(extent({{4096, 192, 576}, {192, 1, 1}}) == 4096);           // rows of a concat
  REQUIRE(extent({{1000, 1, 24}, {24, 1000, 1}}) == 1000);            // a transpose: along the source
  REQUIRE(extent({{64, 640, 640}, {20, 1, 32}, {32, 20, 1}}) == 20);  // also where it is not the longest
  REQUIRE(extent({{2, 70000, 65536}, {65536, 1, 1}}) == 65536 / 4);   // along rows that are long
  REQUIRE(choose_copy(limits, {{65536, 1, 1}}, 0).params.pace == 4);
}

TEST_CASE("choose_copy: lanes reach every element once") {
  for (int64_t count : {1, 2, 3, 4, 5, 31, 32, 33, 127, 1009, 4096, 20011}) {
    check_walks({count}, {{1}});
    check_walks({count}, {{3}});
    check_walks({count}, {{0}});
    check_walks({count, 4}, {{6, 1}});
    check_walks({2, count}, {{count + 2, 1}});
    check_walks({3, count}, {{1, 3}});
    check_walks({count, 3}, {{1, count}});
  }
  check_walks({5, 16, 6, 32}, {{3072, 32, 512, 1}});
  check_walks({40, 7, 33, 9}, {{2079, 1, 7, 231}});
  check_walks({3, 2, 5, 3, 4, 7}, {{14, 7, 1000, 42, 5000, 1}});
  check_walks({3, 2, 5, 3, 2, 70}, {{1, 3, 6, 30, 0, 90}});
}

TEST_CASE("copies of rows, short and long, from any offset") {
  for (int64_t columns : {8, 12, 16, 31, 64, 67})
    for (int64_t skip : {0, 1, 2, 4}) {
      check_copy({37, columns + skip}, {0, 1}, skip);
      check_copy({3, 11, 2, columns + skip}, {0, 2, 1, 3}, skip);
    }
  check_copy({300, 16}, {0, 1}, 8);
  check_copy({2, 4099}, {0, 1}, 1);
  check_copy({2, 4100}, {0, 1}, 4);
  check_copy({20011}, {0});
}

TEST_CASE("copies of transposes and of five and six axes") {
  for (const auto& [rows, columns] :
       {std::pair(64, 64), {1, 67}, {3, 1009}, {1009, 3}, {67, 31}, {37, 129}, {128, 40}}) {
    check_copy({rows, columns}, {1, 0});
    check_copy({2, rows, columns}, {0, 2, 1}, columns > 3 ? 3 : 0);
  }
  check_copy({3, 2, 5, 3, 8}, {2, 0, 3, 1, 4});
  check_copy({3, 2, 5, 3, 8}, {4, 0, 3, 1, 2});
  check_copy({3, 2, 5, 3, 2, 8}, {3, 1, 4, 0, 2, 5}, 4);
  check_copy({3, 2, 5, 3, 2, 7}, {5, 3, 1, 4, 0, 2}, 1);
}

TEST_CASE("copies of repeated rows, columns and elements") {
  const std::vector<float> values = random_values(36, 3);
  const Array<double> given = as_array({3, 1, 12}, values);
  Graph graph;
  Tensor x = graph.input({3, 1, 12});
  const Shape rows{2, 3, 9, 12}, all{40, 3, 50, 12};
  Tensor columns = expand(permute(x, {0, 2, 1}), {3, 12, 33});
  const std::vector<Values> got = run_all(
      graph, {{x, values}}, {contiguous(expand(x, rows)), contiguous(expand(x, all)), contiguous(columns)});
  check_close(std::get<std::vector<float>>(got[0]), given.expanded(rows).values, kExact);
  check_close(std::get<std::vector<float>>(got[1]), given.expanded(all).values, kExact);
  check_close(std::get<std::vector<float>>(got[2]), given.permuted({0, 2, 1}).expanded({3, 12, 33}).values,
              kExact);
}
