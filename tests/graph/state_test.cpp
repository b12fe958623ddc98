#include <catch2/catch_test_macros.hpp>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("state starts with zeros and holds what is written") {
  State state(device(), {3, 2});
  REQUIRE(state.read() == std::vector<float>(6, 0));
  const std::vector<float> values = random_values(6, 1);
  state.write(values);
  REQUIRE(state.read() == values);
  REQUIRE(state.bytes() == 24);

  State ids(device(), {5}, DType::u32);
  REQUIRE(ids.read_u32() == std::vector<uint32_t>(5, 0));
  const std::vector<uint32_t> words = random_ids(5, 2, UINT32_MAX);
  ids.write(words);
  REQUIRE(ids.read_u32() == words);
}

TEST_CASE("state takes what another holds, without the host where memory is not mapped") {
  Device staged({.disable = {"mapped"}});
  for (Device* on : {&device(), &staged}) {
    State from(*on, {3, 4}), whole(*on, {20}), part(whole, 4, {4, 3}), ids(*on, {3, 4}, DType::u32);
    const std::vector<float> values = random_values(12, 1);
    from.write(values);
    part.write(from);
    std::vector<float> wanted(20, 0);
    std::copy(values.begin(), values.end(), wanted.begin() + 4);
    CHECK(whole.read() == wanted);
    from.write(random_values(12, 2));
    CHECK(whole.read() == wanted);
    State gone(*on, {3, 4});
    {
      State brief(*on, {12});
      brief.write(values);
      gone.write(brief);
    }
    CHECK(gone.read() == values);
    check_rejects([&] { part.write(whole); }, {"state", "(4, 3)", "48 bytes", "(20)", "80 bytes"});
    check_rejects([&] { part.write(ids); }, {"state", "f32", "u32"});
    CHECK(on->validation_messages().empty());
  }
}

TEST_CASE("state of the panels layout is padded") {
  State state(device(), {5, 3}, DType::f32, Layout::panels);
  REQUIRE(state.bytes() == storage_bytes({5, 3}, Layout::panels));
  REQUIRE(state.read() == std::vector<float>(state.bytes() / sizeof(float), 0));
}

TEST_CASE("state rejects other sizes and types") {
  State state(device(), {3, 2}), ids(device(), {4}, DType::u32);
  check_rejects([&] { state.write(std::vector<float>(5)); }, {"state", "(3, 2)", "6", "5"});
  check_rejects([&] { state.write(std::vector<float>(7)); }, {"state", "6", "7"});
  check_rejects([&] { state.write(std::vector<uint32_t>(6)); }, {"state", "f32", "u32"});
  check_rejects([&] { ids.write(std::vector<float>(4)); }, {"state", "u32", "f32"});
  check_rejects([&] { state.read_u32(); }, {"state", "f32", "u32"});
  check_rejects([&] { ids.read(); }, {"state", "u32", "f32"});
}

TEST_CASE("state counts in place") {
  State count(device(), {3}), step(device(), {});
  step.write(std::vector<float>{2});
  Graph graph;
  Tensor next = assign(count, add(graph.use(count), graph.use(step)));
  Plan plan(device(), graph, {next});
  for (float run = 1; run <= 5; ++run) {
    plan.run();
    REQUIRE(plan.read(next) == std::vector<float>(3, 2 * run));
    REQUIRE(count.read() == std::vector<float>(3, 2 * run));
  }
  count.write(std::vector<float>{10, 20, 30});  // between two runs
  plan.run();
  REQUIRE(count.read() == std::vector<float>{12, 22, 32});
  REQUIRE(step.read() == std::vector<float>{2});
  REQUIRE(device().validation_messages().empty());
}

TEST_CASE("state is shared by two plans") {
  State shared(device(), {4});
  Graph writing;
  Tensor x = writing.input({4});
  Plan writer(device(), writing, {assign(shared, scale(x, 3))});
  Graph reading;
  Tensor y = scale(reading.use(shared), 2);
  Plan reader(device(), reading, {y});
  for (uint32_t round = 0; round < 3; ++round) {
    const std::vector<float> values = random_values(4, round);
    writer.write(x, values);
    writer.run();
    reader.run();
    std::vector<double> want;
    for (float value : values) want.push_back(6 * double(value));
    check_close(reader.read(y), want, kElementwise);
  }
  REQUIRE(device().validation_messages().empty());
}

TEST_CASE("state is updated without being an output") {
  State state(device(), {2});
  Graph graph;
  Tensor x = graph.input({2});
  assign(state, x);
  Tensor y = scale(x, 2);
  Plan plan(device(), graph, {y});
  plan.write(x, std::vector<float>{1, 2});
  plan.run();
  REQUIRE(plan.read(y) == std::vector<float>{2, 4});
  REQUIRE(state.read() == std::vector<float>{1, 2});
}

TEST_CASE("state reads before and after assign keep their order") {
  State state(device(), {2});
  state.write(std::vector<float>{1, 2});
  Graph graph;
  Tensor before = scale(graph.use(state), 10);
  Tensor update = assign(state, scale(before, 2));
  Tensor after = scale(graph.use(state), 10);
  Plan plan(device(), graph, {before, after, update});
  plan.run();
  REQUIRE(plan.read(before) == std::vector<float>{10, 20});
  REQUIRE(plan.read(after) == std::vector<float>{200, 400});
  REQUIRE(plan.read(update) == std::vector<float>{20, 40});
  REQUIRE(device().validation_messages().empty());
}

TEST_CASE("state itself and a view of it are outputs") {
  State state(device(), {2, 2});
  state.write(std::vector<float>{1, 2, 3, 4});
  Graph graph;
  Tensor all = graph.use(state), column = slice(graph.use(state), 1, 1, 1);
  Plan plan(device(), graph, {all, column});
  plan.run();
  REQUIRE(plan.read(all) == std::vector<float>{1, 2, 3, 4});
  REQUIRE(plan.read(column) == std::vector<float>{2, 4});
}

TEST_CASE("state moves between graph and plan") {
  State first(device(), {2});
  Graph graph;
  Tensor y = assign(first, scale(graph.use(first), 2));
  State second = std::move(first);
  second.write(std::vector<float>{3, 4});
  Plan plan(device(), graph, {y});
  plan.run();
  REQUIRE(second.read() == std::vector<float>{6, 8});

  State third(device(), {1});
  third = std::move(second);
  plan.run();
  REQUIRE(third.shape() == Shape{2});
  REQUIRE(third.read() == std::vector<float>{12, 16});
}

TEST_CASE("state gives its memory back") {
  const uint64_t before = device().memory().used;
  {
    State state(device(), {1000});
    REQUIRE(device().memory().used >= before + 4000);
  }
  REQUIRE(device().memory().used == before);
}

TEST_CASE("parts of a state are tensors of their own in its memory") {
  const std::vector<float> values = random_values(12 + 1024, 3), left = random_values(4 * 16, 4);
  State whole(device(), {12 + 1024}, DType::f32);
  whole.write(values);
  const State bias(whole, 8, {4}), weight(whole, 12, {16, 50}, Layout::panels);
  REQUIRE(bias.read() == std::vector<float>(values.begin() + 8, values.begin() + 12));
  REQUIRE(weight.read() == std::vector<float>(values.begin() + 12, values.end()));
  REQUIRE(weight.bytes() == storage_bytes({16, 50}, Layout::panels));

  Graph graph;  // a part of a part, a view of one, and the whole, of the same bytes
  const Tensor x = graph.input({4, 16}), first = graph.use(State(bias, 0, {2}));
  const Tensor y = matmul(x, graph.use(weight)), sum = add(graph.use(bias), slice(graph.use(whole), 0, 8, 4));
  const Tensor doubled = add(first, slice(graph.use(bias), 0, 0, 2));
  State plain(device(), {16, 50}, DType::f32, Layout::panels);
  plain.write(weight.read());
  const Tensor same = matmul(x, graph.use(plain));
  const std::vector<Values> got = run_all(graph, {{x, left}}, {y, same, sum, doubled});
  REQUIRE(std::get<std::vector<float>>(got[0]) == std::get<std::vector<float>>(got[1]));
  for (size_t i = 0; i < 4; ++i) REQUIRE(std::get<std::vector<float>>(got[2])[i] == 2 * values[8 + i]);
  for (size_t i = 0; i < 2; ++i) REQUIRE(std::get<std::vector<float>>(got[3])[i] == 2 * values[8 + i]);

  Graph changes;
  State part(whole, 4, {4});
  const Tensor zeros = assign(part, scale(changes.use(part), 0));
  run_all(changes, {}, {zeros});
  std::vector<float> want = values;
  std::fill_n(want.begin() + 4, 4, 0.0f);
  REQUIRE(whole.read() == want);
}

TEST_CASE("parts that lie badly are rejected") {
  const State whole(device(), {16});
  check_rejects([&] { State(whole, 2, {4}); }, {"state", "element 2", "multiple of 4"});
  check_rejects([&] { State(whole, 12, {5}); }, {"state", "(5)", "20 bytes", "64 bytes"});
  Graph graph;
  graph.use(whole);
  check_rejects([&] { graph.use(State(whole, 0, {4, 4})); }, {"use", "(4, 4)", "(16)"});
}
