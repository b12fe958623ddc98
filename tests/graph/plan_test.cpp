#include "fovea/plan.hpp"

#include <catch2/catch_test_macros.hpp>

#include "gpu/environment.h"
#include "gpu/gpu.h"
#include "support/allocations.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// layer_norm -> matmul with its epilogues -> softmax: a chain with views, reuse of memory and several
// kernels.
struct Chain {
  explicit Chain(int64_t rows, int64_t columns) {
    x = graph.input({rows, columns}, DType::f32, "x");
    w = graph.input({columns, columns}, DType::f32, "w");
    gain = graph.input({columns}, DType::f32, "gain");
    Tensor h = layer_norm(x, gain, gain);
    h = add(gelu(add(matmul(h, w), gain)), x);
    y = softmax(matmul(h, transpose(w)));
  }

  void write(Plan& plan, uint32_t seed) const {
    plan.write(x, random_values(x.shape().elements(), seed));
    plan.write(w, random_values(w.shape().elements(), seed + 1));
    plan.write(gain, random_values(gain.shape().elements(), seed + 2));
  }

  Graph graph;
  Tensor x, w, gain, y;
};

}  // namespace

TEST_CASE("interleaved plans of odd sizes replay bit for bit") {
  Chain small(7, 13), large(33, 65);
  Plan first(device(), small.graph, {small.y}), second(device(), large.graph, {large.y});
  small.write(first, 1);
  large.write(second, 2);
  std::vector<float> small_result, large_result;
  for (int replay = 0; replay < 3; ++replay) {
    first.run();
    second.run();
    if (replay == 0) {
      small_result = first.read(small.y);
      large_result = second.read(large.y);
    }
    CHECK(first.read(small.y) == small_result);
    CHECK(second.read(large.y) == large_result);
  }
  CHECK(device().validation_messages().empty());
}

TEST_CASE("a plan that shares memory gives what one with guards gives") {
  Chain chain(19, 29);
  Plan shared(device(), chain.graph, {chain.y}), apart(device(), chain.graph, {chain.y}, {.guards = true});
  for (Plan* plan : {&shared, &apart}) {
    chain.write(*plan, 3);
    plan->run();
  }
  CHECK(shared.read(chain.y) == apart.read(chain.y));
  CHECK(apart.guards_intact());
  CHECK(shared.arena_bytes() <= apart.arena_bytes());
  CHECK(shared.arena_bytes() <= shared.live_bytes() + shared.live_bytes() / 4 + 4096);
}

TEST_CASE("plans that share an arena give what they give alone") {
  Chain large(31, 29), small(19, 29), larger(40, 31);
  Plan first(device(), large.graph, {large.y}), alone(device(), small.graph, {small.y});
  first.run();
  const uint64_t before = device().memory().used;
  Plan second(device(), small.graph, {small.y}, {.arena_of = &first});
  REQUIRE(alone.arena_bytes() == second.arena_bytes());
  const uint64_t shared = device().memory().used - before;
  const Plan third(device(), small.graph, {small.y});
  CHECK(device().memory().used - before - shared >= shared + alone.arena_bytes());
  Plan fourth(device(), larger.graph, {larger.y}, {.arena_of = &first});  // it is too small
  large.write(first, 3);
  larger.write(fourth, 5);
  for (Plan* plan : {&alone, &second}) small.write(*plan, 4);
  alone.run();
  for (int round = 0; round < 3; ++round) {
    first.submit();
    second.submit();
    fourth.submit();
  }
  CHECK(second.read(small.y) == alone.read(small.y));
  const std::vector<float> of_first = first.read(large.y), of_fourth = fourth.read(larger.y);
  first.run();
  fourth.run();
  CHECK(first.read(large.y) == of_first);
  CHECK(fourth.read(larger.y) == of_fourth);
}

TEST_CASE("run neither records nor allocates") {
  // The validation layer allocates in every call, so this device does without.
  const ScopedVariable plain("FOVEA_VALIDATION", "0");
  Device unvalidated;
  Chain chain(5, 8);
  Plan plan(unvalidated, chain.graph, {chain.y});
  chain.write(plan, 4);
  plan.run();
  const AllocationCount allocations;
  for (int i = 0; i < 10; ++i) plan.run();
  CHECK(allocations.value() == 0);
}

TEST_CASE("record puts the same work into a caller's command buffer") {
  Chain chain(9, 17);
  Plan plan(device(), chain.graph, {chain.y});
  chain.write(plan, 5);
  plan.run();
  const std::vector<float> wanted = plan.read(chain.y);

  chain.write(plan, 6);
  plan.run();
  const std::vector<float> other = plan.read(chain.y);
  CHECK(other != wanted);

  chain.write(plan, 5);
  Commands commands(device().gpu());
  commands.begin();
  plan.record(commands.handle());
  plan.record(commands.handle());  // twice in one buffer: its own barriers keep the two apart
  commands.end();
  commands.submit();
  CHECK(plan.read(chain.y) == wanted);
  CHECK(device().validation_messages().empty());
}

TEST_CASE("print names every step and the totals, profile times them") {
  Chain chain(9, 17);
  Plan plan(device(), chain.graph, {chain.y});
  const std::string text = plan.print();
  for (const char* word :
       {"layer_norm", "matmul", "gelu", "residual", "softmax", "(9, 17)", "arena", "live set"}) {
    INFO(text);
    CHECK(text.find(word) != std::string::npos);
  }
  chain.write(plan, 7);
  const std::vector<StepTime> times = plan.profile();
  CHECK(times.front().op == "layer_norm");
  for (const StepTime& time : times) CHECK(time.milliseconds >= 0);
  plan.run();  // the plain recording is back
}

TEST_CASE("plans reject what does not belong to them") {
  Graph graph, stranger;
  Tensor x = graph.input({2, 3}, DType::f32, "pixels");
  Tensor y = scale(x, 2);
  Plan plan(device(), graph, {y});
  check_rejects([&] { plan.write(x, std::vector<float>(5)); }, {"write", "5", "pixels", "6"});
  check_rejects([&] { plan.write(x, std::vector<uint32_t>(6)); }, {"u32", "f32"});
  check_rejects([&] { plan.write(y, std::vector<float>(6)); }, {"not an input"});
  check_rejects([&] { plan.read(x); }, {"not an output"});
  Tensor other = stranger.input({2, 3});
  check_rejects([&] { Plan(device(), graph, {other}); }, {"another graph"});
  check_rejects([&] { add(x, other); }, {"add", "different graphs"});
}

TEST_CASE("destroying a plan gives its memory back") {
  const uint64_t before = device().memory().used;
  {
    Chain chain(33, 65);
    Plan plan(device(), chain.graph, {chain.y});
    CHECK(device().memory().used > before);
  }
  CHECK(device().memory().used == before);
}

TEST_CASE("the arena of a long chain stays within a quarter of its largest live set") {
  Graph graph;
  Tensor x = graph.input({64, 96});
  Tensor w = graph.input({96, 96});
  Tensor h = x;
  for (int layer = 0; layer < 12; ++layer) h = add(relu(matmul(h, w)), scale(h, 0.5f));
  Plan plan(device(), graph, {h});
  CHECK(plan.live_bytes() > 0);
  CHECK(double(plan.arena_bytes()) <= 1.25 * double(plan.live_bytes()));
}

TEST_CASE("n replays in one submission equal n runs") {
  for (const uint32_t times : {1u, 2u, 5u, 16u}) {
    INFO(times << " replays");
    std::vector<std::vector<float>> sums, last;
    for (const bool together : {true, false}) {
      State sum(device(), {3, 5});
      Graph graph;
      const Tensor x = graph.input({3, 5}), next = assign(sum, add(scale(graph.use(sum), 0.75f), x));
      const Tensor y = softmax(next);
      Plan plan(device(), graph, {y}, {.guards = true});
      plan.write(x, random_values(15, 4));
      if (together) {
        plan.submit({.times = times});
        plan.wait();
      } else {
        for (uint32_t i = 0; i < times; ++i) plan.run();
      }
      sums.push_back(sum.read());
      last.push_back(plan.read(y));
      CHECK(plan.guards_intact());
    }
    CHECK(sums[0] == sums[1]);
    CHECK(last[0] == last[1]);
    CHECK(sums[0] != std::vector<float>(15, 0));
  }
  CHECK(device().validation_messages().empty());
}

TEST_CASE("submit takes 1 to 16 replays") {
  Chain chain(2, 3);
  Plan plan(device(), chain.graph, {chain.y});
  check_rejects([&] { plan.submit({.times = 0}); }, {"plan", "0 replays", "1 to 16"});
  check_rejects([&] { plan.submit({.times = 17}); }, {"plan", "17 replays", "1 to 16"});
  plan.run();  // and is as good as before
}
