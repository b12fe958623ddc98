#include "c/handles.h"

using namespace fovea;

namespace {

std::vector<Semaphore> semaphores(const char* what, const fovea_semaphore* given, size_t count) {
  if (count > 0) check_given("fovea_plan_submit", what, given);
  std::vector<Semaphore> all;
  for (size_t i = 0; i < count; ++i)
    all.push_back({(VkSemaphore)given[i].handle, given[i].value});  // a pointer or a number, by the platform
  return all;
}

}  // namespace

fovea_result fovea_plan_submit(fovea_plan* plan, const fovea_submit_options* options, uint64_t* ticket) {
  return guarded([&] {
    const fovea_submit_options from = fields_of("fovea_plan_submit", options);
    const Ticket made = plan->plan.submit({.times = from.times == 0 ? 1 : from.times,
                                           .wait = semaphores("wait", from.wait, from.wait_count),
                                           .signal = semaphores("signal", from.signal, from.signal_count)});
    if (ticket) *ticket = made;
  });
}

fovea_result fovea_plan_wait(fovea_plan* plan) {
  return guarded([&] { plan->plan.wait(); });
}

uint32_t fovea_plan_steps(const fovea_plan* plan) { return plan->plan.steps(); }

fovea_result fovea_plan_record(fovea_plan* plan, void* commands, uint32_t first, uint32_t count) {
  return guarded([&] {
    check_given("fovea_plan_record", "commands", commands);
    plan->plan.record(static_cast<VkCommandBuffer>(commands), first, count);
  });
}

fovea_result fovea_plan_in_use_until(fovea_plan* plan, uint64_t timeline, uint64_t value) {
  return guarded([&] { plan->plan.in_use_until((VkSemaphore)timeline, value); });
}

fovea_result fovea_plan_finished(fovea_plan* plan) {
  return guarded([&] { plan->plan.finished(); });
}
