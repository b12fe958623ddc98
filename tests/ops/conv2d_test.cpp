#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Case {
  Shape x, weight;
  Conv2dOptions options = {};
  bool bias = false;

  int64_t to(int i) const {
    const size_t axis = size_t(i);
    const int64_t reach = options.dilation[axis] * (weight[2 + i] - 1) + 1;
    return (x[2 + i] + 2 * options.padding[axis] - reach) / options.stride[axis] + 1;
  }
  Shape y() const { return {x[0], weight[0], to(0), to(1)}; }
};

double pixel(const std::vector<double>& x, const Shape& shape, int64_t plane, int64_t row, int64_t column) {
  const bool inside = row >= 0 && row < shape[2] && column >= 0 && column < shape[3];
  return inside ? x[size_t((plane * shape[2] + row) * shape[3] + column)] : 0;
}

// operands: x, weight, bias or nothing.
std::vector<double> reference(const Case& c, const Operands& operands) {
  const Conv2dOptions& o = c.options;
  const int64_t inputs = c.weight[1], outputs = c.weight[0] / o.groups;
  std::vector<double> y;
  for (int64_t b = 0; b < c.x[0]; ++b)
    for (int64_t out = 0; out < c.weight[0]; ++out)
      for (int64_t row = 0; row < c.to(0); ++row)
        for (int64_t column = 0; column < c.to(1); ++column) {
          double sum = c.bias ? operands[2][size_t(out)] : 0;
          size_t tap = size_t(out * inputs * c.weight[2] * c.weight[3]);
          for (int64_t in = 0; in < inputs; ++in)
            for (int64_t i = 0; i < c.weight[2]; ++i)
              for (int64_t j = 0; j < c.weight[3]; ++j)
                sum += operands[1][tap++] * pixel(operands[0], c.x, b * c.x[1] + out / outputs * inputs + in,
                                                  row * o.stride[0] + i * o.dilation[0] - o.padding[0],
                                                  column * o.stride[1] + j * o.dilation[1] - o.padding[1]);
          y.push_back(sum);
        }
  return y;
}

struct Made {
  std::vector<Input> inputs;
  Tensor y;
};

Made make(Graph& graph, Case c) {
  Made made;
  for (const Shape& shape : {c.x, c.weight})
    made.inputs.push_back(
        {graph.input(shape), random_values(shape.elements(), uint32_t(made.inputs.size()))});
  if (c.bias) {
    made.inputs.push_back({graph.input({c.weight[0]}), random_values(uint64_t(c.weight[0]), 9)});
    c.options.bias = made.inputs[2].tensor;
  }
  made.y = conv2d(made.inputs[0].tensor, made.inputs[1].tensor, c.options);
  REQUIRE(made.y.shape() == c.y());
  return made;
}

Operands operands_of(const Made& made) {
  Operands operands;
  for (const Input& input : made.inputs)
    operands.push_back(widened(std::get<std::vector<float>>(input.values)));
  return operands;
}

void check_case(const Case& c) {
  INFO("x " << c.x << ", weight " << c.weight << ", groups " << c.options.groups);
  Graph graph;
  const Made made = make(graph, c);
  check_close(run(graph, made.inputs, made.y), reference(c, operands_of(made)), kProduct);
}

void check_gradients(const Case& c) {
  INFO("x " << c.x << ", weight " << c.weight << ", groups " << c.options.groups);
  Graph graph;
  Made made = make(graph, c);
  const Operands operands = operands_of(made);
  const std::vector<float> dy_values = random_values(c.y().elements(), 17);
  std::vector<Tensor> of;
  for (const Input& input : made.inputs) of.push_back(input.tensor);
  const Tensor dy = graph.input(c.y());
  const std::vector<Tensor> made_gradients = graph.grad(made.y, of, dy);
  made.inputs.push_back({dy, dy_values});
  const std::vector<Values> got = run_all(graph, made.inputs, made_gradients);
  for (size_t which = 0; which < got.size(); ++which) {
    INFO("operand " << which);
    const auto f = [&](const Operands& at) { return reference(c, at); };
    check_close(std::get<std::vector<float>>(got[which]), gradient(f, operands, dy_values, which, 0.5),
                kProduct);
  }
}

}  // namespace

TEST_CASE("conv2d matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33}) {
    check_case({{2, n, 5, 4}, {3, n, 3, 3}, {.padding = {1, 1}}});  // depth
    check_case({{1, 2, 3, 5}, {n, 2, 2, 3}, {}, true});             // rows of the tile
    check_case({{2, 3, 3, n}, {5, 3, 3, 1}});                       // columns of the tile
    check_case({{n, 2, 4, 3}, {4, 2, 3, 3}, {.padding = {0, 1}}});  // images
  }
  check_case({{1, 1, 1, 1}, {1, 1, 1, 1}, {}, true});
  check_case({{1, 5, 67, 61}, {37, 5, 3, 3}, {.padding = {1, 1}}, true});  // several tiles each way
}

TEST_CASE("conv2d takes strides, padding, dilation and kernels of every form") {
  for (const Pixels& stride : {Pixels{1, 1}, Pixels{2, 2}, Pixels{3, 1}, Pixels{1, 5}})
    for (const Pixels& padding : {Pixels{0, 0}, Pixels{1, 2}, Pixels{4, 3}})
      for (const Pixels& dilation : {Pixels{1, 1}, Pixels{2, 1}, Pixels{1, 3}})
        for (const Pixels& kernel : {Pixels{1, 1}, Pixels{3, 2}, Pixels{2, 4}})
          check_case({{2, 3, 7, 11},
                      {4, 3, kernel[0], kernel[1]},
                      {.stride = stride, .padding = padding, .dilation = dilation},
                      true});
}

TEST_CASE("conv2d shares out channels to groups") {
  for (int64_t groups : {1, 2, 3, 6})
    check_case({{2, 6, 5, 6}, {12, 6 / groups, 3, 3}, {.padding = {1, 1}, .groups = groups}, true});
  check_case({{1, 34, 4, 4}, {68, 17, 1, 1}, {.groups = 2}});
}

TEST_CASE("conv2d ends with every activation, folded into it") {
  for (Activation activation : {Activation::relu, Activation::gelu, Activation::sigmoid, Activation::tanh}) {
    const Case c{{2, 3, 5, 5}, {4, 3, 3, 3}, {.padding = {1, 1}, .activation = activation}, true};
    Graph graph, apart;
    const Made made = make(graph, c);
    Case linear = c;
    linear.options.activation = Activation::none;
    const Made plain = make(apart, linear);
    CHECK(Plan(device(), graph, {made.y}).dispatches() == 1);
    check_close(run(graph, made.inputs, made.y),
                widened(run(apart, plain.inputs, activate(plain.y, activation))), kElementwise);
  }
}

TEST_CASE("conv2d takes strided views") {
  Graph graph;
  const Tensor x = graph.input({5, 4, 2, 3}), weight = graph.input({3, 3, 2, 4});
  const std::vector<float> values = random_values(120, 1), weights = random_values(72, 2);
  const Tensor turned = permute(x, {2, 3, 0, 1}), around = permute(weight, {3, 0, 2, 1});
  const Tensor y = conv2d(turned, around, {.padding = {1, 0}});
  const Case c{{2, 3, 5, 4}, {4, 3, 2, 3}, {.padding = {1, 0}}};
  const Operands operands{widened(run(graph, {{x, values}}, contiguous(turned))),
                          widened(run(graph, {{weight, weights}}, contiguous(around)))};
  check_close(run(graph, {{x, values}, {weight, weights}}, y), reference(c, operands), kProduct);
}

TEST_CASE("conv2d keeps NaN within the windows that see it") {
  Graph graph;
  const Tensor x = graph.input({1, 2, 6, 7}), weight = graph.input({5, 2, 3, 3});
  std::vector<float> values = random_values(84, 1);
  values[size_t(2 * 7 + 3)] = NAN;
  values.back() = INFINITY;
  const std::vector<float> got =
      run(graph, {{x, values}, {weight, std::vector<float>(90, 1.0f)}}, conv2d(x, weight));
  for (int64_t row = 0; row < 4; ++row)
    for (int64_t column = 0; column < 5; ++column) {
      const float y = got[size_t(row * 5 + column)];
      CHECK(std::isnan(y) == (row <= 2 && column >= 1 && column <= 3));
      CHECK(std::isinf(y) == (row == 3 && column == 4));
    }
}

TEST_CASE("conv2d has the gradients of its formula") {
  check_gradients({{2, 3, 5, 4}, {4, 3, 3, 3}, {.padding = {1, 1}}, true});
  check_gradients({{3, 2, 7, 6}, {3, 2, 3, 2}, {.stride = {2, 2}, .padding = {1, 0}}, true});
  check_gradients({{1, 4, 6, 7}, {6, 2, 2, 3}, {.stride = {3, 2}, .padding = {0, 2}, .groups = 2}});
  check_gradients({{2, 3, 8, 9}, {3, 1, 3, 2}, {.dilation = {2, 3}, .groups = 3}, true});
  check_gradients({{2, 2, 4, 4}, {2, 2, 1, 1}, {.stride = {3, 3}, .padding = {1, 1}}});
  check_gradients({{1, 1, 1, 1}, {1, 1, 1, 1}, {}, true});
  for (int64_t n : {7, 8, 9, 17}) check_gradients({{3, n, 2, 2}, {5, n, 2, 2}, {.padding = {1, 1}}});
}

TEST_CASE("conv2d sums the gradient of its weight over a batch of parts") {
  const Case c{{67, 2, 2, 2}, {3, 2, 2, 2}, {.padding = {1, 1}}, true};
  check_gradients(c);
}

TEST_CASE("conv2d has its gradients in many groups of a large batch") {
  constexpr int64_t kBatch = 64, kChannels = 1024;
  Graph graph;
  const Tensor x = graph.input({kBatch, kChannels, 1, 2}), weight = graph.input({kChannels, 1, 1, 1});
  const Tensor y = conv2d(x, weight, {.groups = kChannels}), dy = graph.input(y.shape());
  const std::vector<float> pixels = random_values(x.shape().elements(), 1),
                           slopes = random_values(y.shape().elements(), 2);
  const std::vector<Input> inputs{{x, pixels}, {weight, random_values(uint64_t(kChannels), 3)}, {dy, slopes}};
  std::vector<double> want(size_t(kChannels), 0.0);
  for (size_t i = 0; i < pixels.size(); ++i)
    want[i / 2 % size_t(kChannels)] += double(pixels[i]) * double(slopes[i]);
  check_close(run(graph, inputs, graph.grad(y, {weight}, dy).front()), want, kProduct);
}

TEST_CASE("conv2d rejects what does not fit") {
  Graph graph;
  const Tensor x = graph.input({2, 6, 5, 4}), weight = graph.input({4, 6, 3, 3}),
               ids = graph.input({2, 6, 5, 4}, DType::u32);
  check_rejects([&] { conv2d(ids, weight); }, {"conv2d", "u32", "f32"});
  check_rejects([&] { conv2d(graph.input({6, 5, 4}), weight); },
                {"conv2d", "(6, 5, 4)", "(batch, in, h, w)"});
  check_rejects([&] { conv2d(x, graph.input({4, 5, 3, 3})); }, {"conv2d", "(4, 5, 3, 3)", "6 inputs"});
  check_rejects([&] { conv2d(x, weight, {.groups = 4}); }, {"conv2d", "4 groups", "6 and 4"});
  check_rejects([&] { conv2d(x, weight, {.groups = 0}); }, {"conv2d", "0 groups"});
  check_rejects([&] { conv2d(x, weight, {.bias = graph.input({6})}); }, {"conv2d", "bias (6)", "4 outputs"});
  check_rejects([&] { conv2d(x, graph.input({4, 6, 6, 3})); }, {"conv2d", "6 of 5", "down"});
  check_rejects([&] { conv2d(x, weight, {.dilation = {1, 2}}); }, {"conv2d", "5 of 4", "across"});
  check_rejects([&] { conv2d(x, weight, {.stride = {0, 1}}); }, {"conv2d", "stride 0", "down"});
  check_rejects([&] { conv2d(x, weight, {.padding = {0, -1}}); }, {"conv2d", "padding -1", "across"});
  check_rejects([&] { conv2d(x, weight, {.padding = {0, 20000}}); }, {"conv2d", "40004", "32767"});
}
