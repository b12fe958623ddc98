#include "fovea/rnn.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "io/safetensors.h"
#include "support/recurrence.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// What PyTorch says of 2 layers in both directions: tools/make_golden_rnn.
class Golden {
 public:
  explicit Golden(Cell cell)
      : config{.cell = cell, .in = 5, .width = 7, .layers = 2, .bidirectional = true},
        file_(File(std::string(FOVEA_SOURCE_DIR "/tests/golden/rnn/") + (cell == Cell::gru ? "gru" : "lstm") +
                   ".safetensors")) {}

  std::vector<float> read(const std::string& name) const {
    return file_.read_f32(name, Shape(file_.info(name).shape));
  }
  std::vector<Rnn::Weights> weights() const {
    std::vector<Rnn::Weights> all;
    for (int64_t i = 0; i < 4; ++i) {
      const std::string suffix = rnn_suffix(config, i);
      all.push_back({.input = read("weight_ih" + suffix),
                     .hidden = read("weight_hh" + suffix),
                     .input_bias = read("bias_ih" + suffix),
                     .hidden_bias = read("bias_hh" + suffix)});
    }
    return all;
  }

  RnnConfig config;

 private:
  SafeTensors file_;
};

// The network in a graph, with all that goes in.
struct Case {
  Case(const Golden& golden, Use use) : rnn(device(), golden.config, golden.weights(), use) {
    const auto input = [&](const Shape& shape, const std::string& name) {
      const Tensor given = graph.input(shape);
      inputs.push_back({given, golden.read(name)});
      return given;
    };
    x = input({6, 4, 5}, "x");
    h0 = input({4, 4, 7}, "h0");
    const bool lstm = golden.config.cell == Cell::lstm;
    if (lstm) c0 = input({4, 4, 7}, "c0");
    lengths = graph.input({4}, DType::u32);
    inputs.push_back({lengths, std::vector<uint32_t>{6, 1, 4, 5}});
    const auto parts = [](Tensor all) {
      std::vector<Tensor> states;
      for (int64_t i = 0; all && i < 4; ++i) states.push_back(reshape(slice(all, 0, i, 1), {4, 7}));
      return states;
    };
    made = rnn(x, {.start = {.h = parts(h0), .c = parts(c0)}, .lengths = lengths});
    h = stacked(made.state.h);
    if (lstm) c = stacked(made.state.c);
  }
  static Tensor stacked(const std::vector<Tensor>& states) { return reshape(concat(states, 0), {4, 4, 7}); }

  Graph graph;
  Rnn rnn;
  std::vector<Input> inputs;
  Tensor x, h0, c0, lengths, h, c;
  Rnn::Result made;
};

void check_golden(Cell cell) {
  const Golden golden(cell);
  const auto close = [&](const Values& got, const std::string& name) {
    INFO(name);
    check_close(std::get<std::vector<float>>(got), widened(golden.read(name)), kProduct);
  };
  SECTION("forwards") {
    Case one(golden, Use::inference);
    std::vector<Tensor> outputs = {one.made.out, one.h};
    if (one.c) outputs.push_back(one.c);
    const std::vector<Values> got = run_all(one.graph, one.inputs, outputs);
    close(got[0], "out");
    close(got[1], "h");
    if (one.c) close(got[2], "c");
  }
  SECTION("gradients") {
    Case one(golden, Use::training);
    // One number of which all gradients are taken: the sum of what comes out times its gradient.
    Tensor total;
    const auto append = [&](Tensor y, const std::string& name) {
      const Tensor dy = one.graph.input(y.shape());
      one.inputs.push_back({dy, golden.read(name)});
      const Tensor part = sum(reshape(mul(y, dy), {1, int64_t(y.shape().elements())}));
      total = total ? add(total, part) : part;
    };
    append(one.made.out, "dout");
    append(one.h, "dh");
    if (one.c) append(one.c, "dc");
    std::vector<Tensor> of = {one.x, one.h0};
    std::vector<std::string> names = {"dx", "dh0"};
    if (one.c0) of.push_back(one.c0), names.push_back("dc0");
    Parameters parameters;
    one.rnn.parameters("d", parameters);
    REQUIRE(parameters.size() == 16);
    for (const Parameter& parameter : parameters) {
      of.push_back(one.graph.use(*parameter.state));
      names.push_back(parameter.name);
    }
    const std::vector<Values> got = run_all(one.graph, one.inputs, one.graph.grad(reshape(total, {1}), of));
    for (size_t i = 0; i < names.size(); ++i) close(got[i], names[i]);
  }
}

}  // namespace

TEST_CASE("rnn: a GRU of two layers in both directions agrees with PyTorch") { check_golden(Cell::gru); }
TEST_CASE("rnn: an LSTM of two layers in both directions agrees with PyTorch") { check_golden(Cell::lstm); }

TEST_CASE("rnn: steps give what the whole sequence gives") {
  for (Cell cell : {Cell::gru, Cell::lstm}) {
    const RnnConfig config{.cell = cell, .in = 3, .width = 5, .layers = 2};
    const Rnn rnn(device(), config, Rnn::fresh(config, 7));
    Graph graph;
    Tensor x = graph.input({4, 2, 3});
    const Rnn::Result whole = rnn(x);
    RnnState state;
    std::vector<Tensor> outs;
    for (int64_t t = 0; t < 4; ++t) {
      const Rnn::Result step = rnn.step(reshape(slice(x, 0, t, 1), {2, 3}), state);
      REQUIRE(step.out.shape() == Shape{2, 5});
      outs.push_back(reshape(step.out, {1, 2, 5}));
      state = step.state;
    }
    const std::vector<Values> got =
        run_all(graph, {{x, random_values(24, 1)}}, {whole.out, concat(outs, 0), state.h[1]});
    const auto& out = std::get<std::vector<float>>(got[0]);
    check_close(std::get<std::vector<float>>(got[1]), widened(out), kElementwise);
    check_close(std::get<std::vector<float>>(got[2]), widened({out.end() - 10, out.end()}), kElementwise);
  }
}

TEST_CASE("rnn: a step whose rear columns are known gives what the whole step gives") {
  const RnnConfig config{.cell = Cell::lstm, .in = 7, .width = 5, .layers = 2};
  const Rnn rnn(device(), config, Rnn::fresh(config, 7), Use::training);
  Graph graph;
  Tensor x = graph.input({3, 7});
  const Rnn::Rear gates = rnn.rear_gates(slice(x, 1, 4, 3));
  const std::vector<Values> got =
      run_all(graph, {{x, random_values(21, 1)}},
              {rnn.step(x, {}).out, rnn.step(slice(x, 1, 0, 4), gates, {}, {}).out});
  check_close(std::get<std::vector<float>>(got[1]), widened(std::get<std::vector<float>>(got[0])), kProduct);
  const Rnn inference(device(), config, Rnn::fresh(config, 7));
  check_rejects([&] { inference.rear_gates(slice(x, 1, 4, 3)); }, {"rnn", "3 of 7", "training"});
  check_rejects([&] { rnn.step(x, gates, {}, {}); }, {"rnn", "(3, 7)"});
  check_rejects([&] { rnn.step(slice(x, 1, 0, 5), gates, {}, {}); },
                {"rnn", "(3, 5)", "3 rear", "(batch, 4)"});
  check_rejects([&] { rnn.step(slice(x, 1, 0, 3), gates, {}, {}); },
                {"rnn", "(3, 3)", "3 rear", "(batch, 4)"});
}

TEST_CASE("rnn: dropout lies between layers, not behind the last") {
  State generator(device(), {4}, DType::u32);
  generator.write(std::vector<uint32_t>{3, 0, 0, 0});
  const auto out = [&](int64_t layers, float rate) {
    const RnnConfig config{.in = 3, .width = 8, .layers = layers};
    const Rnn rnn(device(), config, Rnn::fresh(config, 7));
    Graph graph;
    Tensor x = graph.input({2, 3, 3});
    const Tensor y = rnn(x, {.dropout = {.rate = rate, .generator = &generator}}).out;
    return run(graph, {{x, random_values(18, 1)}}, y);
  };
  REQUIRE(out(1, 0.5f) == out(1, 0));
  REQUIRE(out(2, 0.5f) != out(2, 0));
}

TEST_CASE("rnn: fresh weights are those of their seed, within 1 / sqrt(width)") {
  const RnnConfig config{.cell = Cell::lstm, .in = 3, .width = 16, .layers = 2, .bidirectional = true};
  const std::vector<Rnn::Weights> weights = Rnn::fresh(config, 1);
  REQUIRE(weights.size() == 4);
  REQUIRE(weights[2].input.size() == 4 * 16 * 32);
  float largest = 0;
  for (float value : weights[2].input) largest = std::max(largest, std::abs(value));
  REQUIRE(largest <= 0.25f);
  REQUIRE(largest > 0.24f);
  REQUIRE(Rnn::fresh(config, 1)[3].hidden == weights[3].hidden);
  REQUIRE(Rnn::fresh(config, 2)[3].hidden != weights[3].hidden);
}

TEST_CASE("rnn rejects what does not fit") {
  const RnnConfig config{.in = 3, .width = 5};
  std::vector<Rnn::Weights> weights = Rnn::fresh(config, 1);
  const Rnn rnn(device(), config, weights),
      both(device(), {.in = 3, .width = 5, .bidirectional = true}, {weights[0], weights[0]});
  Graph graph;
  Tensor x = graph.input({2, 4, 3}), state = graph.input({4, 5});
  check_rejects([&] { rnn(graph.input({2, 4, 2})); }, {"rnn", "(2, 4, 2)", "3"});
  check_rejects([&] { rnn(x, {.start = {.h = {state, state}, .c = {}}}); }, {"rnn", "2 states for 1"});
  check_rejects([&] { both.step(graph.input({4, 3}), {}); }, {"rnn", "backwards"});
  check_rejects([&] { rnn.step(x, {}); }, {"rnn", "(2, 4, 3)"});
  check_rejects([&] { Rnn(device(), {.in = 3, .width = 5, .layers = 2}, weights); }, {"rnn", "1 for 2"});
  check_rejects([&] { Rnn(device(), {.in = 0, .width = 5}, weights); }, {"rnn", "in 0"});
  weights[0].hidden.pop_back();
  check_rejects([&] { Rnn(device(), config, weights); }, {"rnn", "74 weights", "(15, 5)"});
}
