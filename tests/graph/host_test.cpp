#include "support/host.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "fovea/ops.hpp"
#include "fovea/plan.hpp"
#include "gpu/commands.h"
#include "gpu/gpu.h"
#include "support/check.h"
#include "support/submissions.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kWidth = 192;

// y = w * (a long chain of products of x): w is read last, and all of it takes tens of milliseconds at least.
struct LongPlan {
  explicit LongPlan(Device& device) : w(device, {kWidth}) {
    const Tensor input = graph.input({kWidth, kWidth});
    Tensor h = input;
    for (int i = 0; i < 24; ++i) h = scale(matmul(h, input), 1.0f / kWidth);
    const Tensor ones = graph.input({kWidth, kWidth});
    y = mul(add(scale(h, 0), ones), graph.use(w));
    plan.emplace(device, graph, std::vector{y});
    plan->write(input, random_values(kWidth * kWidth, 3));
    plan->write(ones, std::vector<float>(kWidth * kWidth, 1));
    write_w(1);
  }
  void write_w(float value) { w.write(std::vector<float>(kWidth, value)); }
  bool all(float value) { return plan->read(y) == std::vector<float>(kWidth * kWidth, value); }

  Graph graph;
  State w;
  Tensor y;
  std::optional<Plan> plan;
};

// A submission of the host's own, to the queue that it lent.
void submit(const Host& host, VkCommandBuffer commands, VkSemaphore timeline = VK_NULL_HANDLE,
            uint64_t value = 0) {
  VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
  values.signalSemaphoreValueCount = 1;
  values.pSignalSemaphoreValues = &value;
  VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO};
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  if (timeline) {
    info.pNext = &values;
    info.signalSemaphoreCount = 1;
    info.pSignalSemaphores = &timeline;
  }
  check_vk(host.vk().vkQueueSubmit(host.offer().queue, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
}

uint64_t value_of(const Host& host, VkSemaphore timeline) {
  const auto get = reinterpret_cast<PFN_vkGetSemaphoreCounterValue>(
      host.instance_table().get_device_proc(host.device(), "vkGetSemaphoreCounterValue"));
  uint64_t value = 0;
  check_vk(get(host.device(), timeline, &value), "vkGetSemaphoreCounterValue");
  return value;
}

// Fails unless it reaches the value within a minute.
void wait_for(const Host& host, VkSemaphore timeline, uint64_t value) {
  VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &timeline;
  info.pValues = &value;
  const auto wait = reinterpret_cast<PFN_vkWaitSemaphores>(
      host.instance_table().get_device_proc(host.device(), "vkWaitSemaphores"));
  CHECK(wait(host.device(), &info, 60'000'000'000) == VK_SUCCESS);
}

}  // namespace

TEST_CASE("a State written while a host's recording runs does not reach into it") {
  Host host;
  {
    Device adopted(host.offer());
    LongPlan work(adopted);
    Commands commands(adopted.gpu());
    for (int round = 0; round < 3; ++round) {
      commands.begin();
      work.plan->record(commands.handle());
      commands.end();
      submit(host, commands.handle());
      work.write_w(float(round + 2));  // Fovea has not been told that the recording runs
      CHECK(work.all(float(round + 1)));
    }
    submit(host, commands.handle());
    CHECK(work.all(4));
    adopted.gpu().queue().wait_all();
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}

TEST_CASE("a host says until when its recording runs, and copies wait for that") {
  Host host;
  {
    Device adopted(host.offer());
    const VkSemaphore timeline = host.make_timeline();
    LongPlan work(adopted);
    Commands commands(adopted.gpu());
    commands.begin();
    work.plan->record(commands.handle());
    commands.end();
    SubmissionCount count(adopted);
    for (uint64_t frame = 1; frame <= 3; ++frame) {
      submit(host, commands.handle(), timeline, frame);
      work.plan->in_use_until(timeline, frame);
      work.write_w(float(frame + 1));
      CHECK(value_of(host, timeline) >= frame);
      CHECK(work.all(float(frame)));
    }
    if (adopted.gpu().memory().device_is_mapped()) CHECK(count.value() == 0);
    work.plan->finished();
    work.write_w(9);
    CHECK(work.w.read().front() == 9);
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}

TEST_CASE("a plan that was not recorded for a host cannot be in its use") {
  Host host;
  Device adopted(host.offer());
  LongPlan work(adopted);
  const VkSemaphore timeline = host.make_timeline();
  check_rejects([&] { work.plan->in_use_until(timeline, 1); }, {"plan", "recorded"});
}

TEST_CASE("without submissions of Fovea's a host has to say when its recording is done") {
  Host host;
  HostDevice offer = host.offer();
  offer.never_submit = true;
  {
    Device adopted(offer);
    LongPlan work(adopted);
    Commands commands(adopted.gpu());
    commands.begin();
    work.plan->record(commands.handle());
    commands.end();
    const VkSemaphore timeline = host.make_timeline();
    submit(host, commands.handle(), timeline, 1);
    try {
      work.write_w(2);
      FAIL("written under a running recording");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::not_ready);
    }
    work.plan->in_use_until(timeline, 1);
    work.write_w(2);
    CHECK(work.all(1));
    submit(host, commands.handle(), timeline, 2);
    work.plan->in_use_until(timeline, 2);
    CHECK(work.all(2));
    check_rejects([&] { work.plan->run(); }, {"never_submit"});
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}

TEST_CASE("a submission waits for a host's semaphore and signals one") {
  Host host;
  {
    Device adopted(host.offer());
    const VkSemaphore timeline = host.make_timeline();
    LongPlan work(adopted);
    const Ticket ticket = work.plan->submit({.wait = {{timeline, 1}}, .signal = {{timeline, 2}}});
    CHECK(!adopted.poll(ticket, 30));
    VkSemaphoreSignalInfo signal = {VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO};
    signal.semaphore = timeline;
    signal.value = 1;
    const auto signal_now = reinterpret_cast<PFN_vkSignalSemaphore>(
        host.instance_table().get_device_proc(host.device(), "vkSignalSemaphore"));
    check_vk(signal_now(host.device(), &signal), "vkSignalSemaphore");
    CHECK(adopted.poll(ticket, 60000));
    wait_for(host, timeline, 2);  // signals of one submission come in any order
    CHECK(work.all(1));
    check_rejects([&] { adopted.poll(ticket + 1); }, {"ticket", std::to_string(ticket)});
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}

// What only waits for its own: the ticket of the long plan is still open behind each of these.
TEST_CASE("what has nothing to do with a running plan does not wait for it") {
  for (const std::vector<std::string>& off : {std::vector<std::string>{}, {"mapped"}}) {
    Device own({.disable = off});
    LongPlan work(own);
    State other(own, {1000});
    Graph graph;
    const Tensor y = scale(graph.use(other), 2);
    auto idle = std::make_unique<Plan>(own, graph, std::vector{y});
    idle->run();
    const Ticket ticket = work.plan->submit({.times = 16});
    other.write(std::vector<float>(1000, 5));
    CHECK(!own.poll(ticket));
    const State fresh(own, {1000});
    CHECK(!own.poll(ticket));
    idle.reset();
    CHECK(!own.poll(ticket));
    if (off.empty() && own.gpu().memory().device_is_mapped()) {
      CHECK(other.read() == std::vector<float>(1000, 5));
      CHECK(fresh.read() == std::vector<float>(1000, 0));
      CHECK(!own.poll(ticket));
    }
    work.write_w(7);  // its own State
    if (own.gpu().memory().device_is_mapped()) CHECK(own.poll(ticket));
    CHECK(work.all(1));
    CHECK(other.read() == std::vector<float>(1000, 5));
    work.plan->run();
    CHECK(work.all(7));
    CHECK(own.validation_messages().empty());
  }
}
