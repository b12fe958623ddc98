#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "fovea/op.hpp"
#include "support/array.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Seeded choices for chains of views.
class Dice {
 public:
  explicit Dice(uint32_t seed) : rolls_(random_ids(256, seed, 1u << 30)) {}
  int64_t below(int64_t limit) { return int64_t(rolls_.at(next_++)) % limit; }

 private:
  std::vector<uint32_t> rolls_;
  size_t next_ = 0;
};

Shape random_shape(Dice& dice) {
  std::vector<int64_t> extents(size_t(1 + dice.below(4)));
  for (int64_t& extent : extents) extent = 1 + dice.below(5);
  return Shape(extents);
}

// The same view of a tensor and of its reference.
template <class T>
struct Pair {
  Tensor tensor;
  Array<T> array;

  void permute_both(Dice& dice) {
    std::vector<int> axes;
    for (int axis = 0; axis < array.shape.rank(); ++axis)
      axes.insert(axes.begin() + dice.below(int64_t(axes.size()) + 1), axis);
    tensor = permute(tensor, axes);
    array = array.permuted(axes);
  }

  void slice_both(Dice& dice) {
    if (array.shape.empty()) return;
    const int axis = int(dice.below(array.shape.rank()));
    const int64_t start = dice.below(array.shape[axis]), count = 1 + dice.below(array.shape[axis] - start);
    tensor = slice(tensor, axis, start, count);
    array = array.sliced(axis, start, count);
  }

  void expand_both(Dice& dice) {
    const bool deeper = array.shape.rank() < Shape::kMaxRank && dice.below(2);
    Shape to = deeper ? Shape{1 + dice.below(3)} : Shape{};
    for (int64_t extent : array.shape) to = to.appended(extent == 1 ? 1 + dice.below(3) : extent);
    tensor = expand(tensor, to);
    array = array.expanded(to);
  }

  // Joins an axis with the next, or splits it.
  void reshape_both(Dice& dice) {
    const Shape& from = array.shape;
    if (from.empty()) return;
    int axis = int(dice.below(from.rank()));
    Shape to = from.slice(0, axis);
    if (dice.below(2) && axis + 1 < from.rank()) {
      to = to.appended(from[axis] * from[axis + 1]);
      ++axis;
    } else if (from.rank() < Shape::kMaxRank) {
      int64_t inner = 2;
      while (inner < from[axis] && from[axis] % inner != 0) ++inner;
      inner = std::min(inner, from[axis]);
      to = to.appended(from[axis] / inner).appended(inner);
    } else {
      to = to.appended(from[axis]);
    }
    for (++axis; axis < from.rank(); ++axis) to = to.appended(from[axis]);
    tensor = reshape(tensor, to);
    array = array.reshaped(to);
  }

  void step(Dice& dice) {
    switch (dice.below(4)) {
      case 0:
        return permute_both(dice);
      case 1:
        return slice_both(dice);
      case 2:
        return array.shape.elements() < 400 ? expand_both(dice) : slice_both(dice);
      default:
        return reshape_both(dice);
    }
  }
};

// Random chains of views, each read as a plan output and after a copy.
template <class T, class V>
void check_chains(DType dtype, uint32_t seed, const std::function<V(uint64_t)>& make) {
  for (uint32_t chain = 0; chain < 24; ++chain) {
    INFO("chain " << chain);
    Dice dice(seed + chain);
    const Shape shape = random_shape(dice);
    const V values = make(shape.elements());
    Graph graph;
    Tensor x = graph.input(shape, dtype);
    Pair<T> view{x, as_array(shape, values)};
    for (int64_t left = 1 + dice.below(6); left > 0; --left) view.step(dice);
    REQUIRE(view.tensor.shape() == view.array.shape);
    const std::vector<Values> got = run_all(graph, {{x, values}}, {view.tensor, contiguous(view.tensor)});
    for (const Values& result : got) {
      const V& read = std::get<V>(result);
      REQUIRE(std::vector<T>(read.begin(), read.end()) == view.array.values);
    }
  }
}

}  // namespace

TEST_CASE("contiguous after random chains of views") {
  check_chains<double, std::vector<float>>(DType::f32, 100, [](uint64_t n) { return random_values(n, 1); });
}

TEST_CASE("contiguous after random chains of views of ids") {
  check_chains<uint32_t, std::vector<uint32_t>>(DType::u32, 200,
                                                [](uint64_t n) { return random_ids(n, 2, UINT32_MAX); });
}

TEST_CASE("contiguous at every edge") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 129, 503}) {
    const std::vector<float> values = random_values(uint64_t(2 * count), 1);
    Graph graph;
    Tensor x = graph.input({count, 2});
    std::vector<double> want;
    for (size_t i = 0; i < values.size(); i += 2) want.push_back(double(values[i + 1]));
    check_close(run(graph, {{x, values}}, contiguous(slice(x, 1, 1, 1))), want, kExact);
  }
}

TEST_CASE("contiguous gives back what has no gaps") {
  Graph graph;
  Tensor x = graph.input({4, 3});
  REQUIRE(contiguous(x).id == x.id);
  Tensor rows = slice(x, 0, 1, 2);
  REQUIRE(contiguous(rows).id == rows.id);
  REQUIRE(graph.nodes().empty());
  REQUIRE(contiguous(transpose(x)).id != x.id);
  REQUIRE(graph.nodes().size() == 1);
}

TEST_CASE("contiguous moves every word unchanged") {
  const float inf = std::numeric_limits<float>::infinity(), least = std::numeric_limits<float>::denorm_min();
  Graph graph;
  Tensor x = graph.input({2, 2});
  check_close(run(graph, {{x, std::vector<float>{NAN, inf, least, -inf}}}, contiguous(transpose(x))),
              {NAN, double(least), inf, -inf}, kExact);
}

TEST_CASE("contiguous passes its gradient on") {
  Graph graph;
  Tensor x = graph.input({2, 3}), dy = graph.input({3, 2});
  Tensor y = contiguous(transpose(x));
  const std::vector<Tensor> gradients = gradients_of(y, dy);
  REQUIRE(gradients.size() == 1);
  REQUIRE(gradients.front().id == dy.id);
}

TEST_CASE("contiguous rejects an absent operand") {
  check_rejects([&] { contiguous(Tensor()); }, {"contiguous", "absent"});
}
