#include "fovea/job.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "fovea/ops.hpp"
#include "gpu/commands.h"
#include "support/check.h"
#include "support/submissions.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Steps of several kinds over an input, a State that each run moves on, and a strided output.
struct Work {
  Work() : sum(device(), {13}) {
    x = graph.input({29, 13});
    Tensor h = softmax(x);
    for (int i = 0; i < 4; ++i) h = matmul(softmax(matmul(h, transpose(h))), relu(h));
    next = assign(sum, add(graph.use(sum), reshape(max(h, 0), {13})));
    y = transpose(softmax(matmul(transpose(h), h)));
    plan.emplace(device(), graph, std::vector{y, next});
  }
  void begin(uint32_t seed) {
    sum.write(std::vector<float>(13, 0.25f));
    plan->write(x, random_values(29 * 13, seed));
  }
  std::vector<float> result() {
    std::vector<float> all = plan->read(y);
    const std::vector<float> moved = sum.read();
    all.insert(all.end(), moved.begin(), moved.end());
    return all;
  }
  std::vector<float> whole(uint32_t seed) {
    begin(seed);
    plan->run();
    return result();
  }

  Graph graph;
  State sum;
  Tensor x, next, y;
  std::optional<Plan> plan;
};

void finish(Job& job, double milliseconds) {
  for (int tick = 0; !job.tick(milliseconds); ++tick) {
    if (tick > 10000000 || job.progress() < 0 || job.progress() > 1) FAIL("at " << job.progress());
  }
  CHECK(job.progress() == 1);
}

}  // namespace

TEST_CASE("slices recorded for a host give the bits of the whole") {
  Work work;
  const uint32_t steps = work.plan->steps();
  REQUIRE(steps > 5);
  const std::vector<float> wanted = work.whole(7);
  for (const uint32_t slice : {1u, 5u, steps}) {
    INFO(slice << " steps a frame of " << steps);
    work.begin(7);
    for (uint32_t first = 0; first < steps; first += slice) {
      Commands commands(device().gpu());
      commands.begin();
      work.plan->record(commands.handle(), first, std::min(slice, steps - first));
      commands.end();
      commands.submit();
    }
    CHECK(work.result() == wanted);
    work.plan->finished();
    CHECK(work.whole(8) != wanted);
  }
  check_rejects([&] { work.plan->record(VK_NULL_HANDLE, 2, steps - 1); }, {"plan", "steps 2", "of"});
  CHECK(device().validation_messages().empty());
}

TEST_CASE("a job gives the bits of the whole, whatever a tick may take") {
  Work work;
  const std::vector<float> wanted = work.whole(9);
  for (const double milliseconds : {0.0, 0.01, 0.3, 1e9}) {
    INFO(milliseconds << " ms a tick");
    work.begin(9);
    PlanJob job(*work.plan);
    finish(job, milliseconds);
    CHECK(job.tick(1));
    CHECK(work.result() == wanted);
    work.begin(9);
    job.restart();
    finish(job, milliseconds);
    CHECK(work.result() == wanted);
  }
  CHECK(device().validation_messages().empty());
}

TEST_CASE("a tick submits what fits, by the times that were measured") {
  Work work;
  const uint32_t steps = work.plan->steps();
  const auto submissions = [&](double milliseconds) {
    work.begin(3);
    PlanJob job(*work.plan);
    SubmissionCount count(device());
    finish(job, milliseconds);
    return count.value();
  };
  if (device().gpu().nanoseconds_per_tick() == 0) SKIP("no timestamps");
  CHECK(submissions(1e9) == steps);  // never measured: each alone
  CHECK(submissions(1e9) == 1);
  CHECK(submissions(0) == steps);
  PlanJob job(*work.plan);
  CHECK(job.milliseconds() > 0);
  const uint64_t slices = submissions(job.milliseconds() / 2);
  CHECK(slices > 1);
  CHECK(slices <= steps);
}

TEST_CASE("a cancelled job submits nothing more and its plan runs again") {
  Work work;
  const std::vector<float> wanted = work.whole(5);
  work.begin(5);
  {
    PlanJob job(*work.plan);
    CHECK(!job.tick(0));
    job.cancel();
    SubmissionCount count(device());
    while (!job.tick(1e9)) {
    }
    CHECK(count.value() == 0);
    CHECK(job.progress() < 1);
  }
  CHECK(work.whole(5) == wanted);
}
