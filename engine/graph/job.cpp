#include "fovea/job.hpp"

#include <algorithm>

#include "core/check.h"
#include "gpu/profile.h"
#include "graph/plan_impl.h"

namespace fovea {

struct PlanJob::Impl {
  explicit Impl(Plan::Impl& of) : plan(of), commands(of.gpu), timestamps(of.gpu, uint32_t(of.steps.size())) {}

  uint32_t steps() const { return uint32_t(plan.steps.size()); }
  uint32_t slice(double milliseconds) const;
  bool on_its_way();
  void learn();

  Plan::Impl& plan;
  Commands commands;
  Timestamps timestamps;
  Ticket ticket = 0;             // of the last slice; 0: it is known to be done
  uint32_t first = 0, next = 0;  // steps of the last slice: [first, next)
  bool cancelled = false;
};

// How many steps from `next` on fit.
uint32_t PlanJob::Impl::slice(double milliseconds) const {
  double sum = 0;
  uint32_t count = 0;
  for (uint32_t step = next; step < steps(); ++step, ++count) {
    const double time = plan.milliseconds[step];
    if (count > 0 && (time == 0 || sum + time > milliseconds)) break;
    sum += time;
    if (time == 0) return 1;
  }
  return count;
}

bool PlanJob::Impl::on_its_way() {
  if (ticket == 0) return false;
  if (!plan.gpu.wait(ticket, 0)) return true;
  ticket = 0;
  learn();
  return false;
}

// A step's time is the least seen, but may grow slowly: one slow run (the first, or beside other work) does
// not count.
void PlanJob::Impl::learn() {
  if (timestamps.pool() == VK_NULL_HANDLE) return;
  const std::vector<double> seen = timestamps.milliseconds();
  for (uint32_t step = first; step < next; ++step) {
    double& known = plan.milliseconds[step];
    const double now = std::max(seen[step - first], 1e-4);
    known = known == 0 ? now : std::min(now, 1.1 * known);
  }
}

PlanJob::PlanJob(Plan& plan) : impl_(std::make_unique<Impl>(*plan.impl_)) {}
PlanJob::~PlanJob() = default;
PlanJob::PlanJob(PlanJob&&) noexcept = default;
PlanJob& PlanJob::operator=(PlanJob&&) noexcept = default;

bool PlanJob::tick(double milliseconds) {
  Impl& job = *impl_;
  if (job.on_its_way()) return false;
  if (job.cancelled || job.next == job.steps()) return true;
  const uint32_t count = job.slice(milliseconds);
  job.commands.begin(VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
  job.timestamps.reset(job.commands.handle());
  Recorder recorder(job.plan.gpu, job.commands.handle(), job.timestamps.pool());
  job.plan.record_slice(recorder, job.next, count);
  job.commands.end();
  job.ticket = job.commands.submit();
  job.plan.usage->submitted(job.ticket);
  job.first = job.next;
  job.next += count;
  return false;
}

bool PlanJob::record(VkCommandBuffer commands, double milliseconds) {
  Impl& job = *impl_;
  if (job.cancelled) return true;
  FOVEA_CHECK(job.next < job.steps(), "job: all of its ", job.steps(), " steps are recorded");
  const uint32_t count = job.slice(milliseconds);
  job.plan.gpu.memory().flush();
  Recorder recorder(job.plan.gpu, commands);
  job.plan.record_slice(recorder, job.next, count);
  job.plan.usage->recorded();
  job.next += count;
  return job.next == job.steps();
}

double PlanJob::progress() const {
  return impl_->steps() == 0 ? 1 : double(impl_->ticket == 0 ? impl_->next : impl_->first) / impl_->steps();
}

void PlanJob::cancel() { impl_->cancelled = true; }

void PlanJob::restart() {
  impl_->commands.wait();
  impl_->on_its_way();
  impl_->first = impl_->next = 0;
  impl_->cancelled = false;
}

double PlanJob::milliseconds() const {
  double sum = 0;
  for (const double time : impl_->plan.milliseconds) {
    if (time == 0) return 0;
    sum += time;
  }
  return sum;
}

}  // namespace fovea
