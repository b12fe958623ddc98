// Job: work in slices, so that a frame pays for it no more than a given time.
#pragma once

#include <memory>

#include "fovea/plan.hpp"

namespace fovea FOVEA_API {

class Job {
 public:
  virtual ~Job() = default;  // waits for the slice that is on its way
  // Submits the next steps that take about this long on the device, at least one, by their times as measured
  // before: a step that was never measured goes alone. Nothing while the last slice is on its way. True: all
  // is done. Never waits.
  virtual bool tick(double milliseconds) = 0;
  virtual double progress() const = 0;  // 0 to 1
  virtual void cancel() = 0;  // nothing more is submitted: tick() says true, results are an Error, cancelled
};

// One run of a plan, whose inputs were written before. The plan outlives it and is not run meanwhile.
class PlanJob : public Job {
 public:
  explicit PlanJob(Plan& plan);
  ~PlanJob() override;
  PlanJob(PlanJob&&) noexcept;
  PlanJob& operator=(PlanJob&&) noexcept;

  bool tick(double milliseconds) override;
  double progress() const override;
  void cancel() override;
  // The same slice by slice into command buffers of a host, who submits them in order: true with the last
  // one, and when cancelled. Step times are those of Plan::profile() or of an earlier job.
  bool record(VkCommandBuffer commands, double milliseconds);
  void restart();               // the next run of the plan; waits for a slice that is on its way
  double milliseconds() const;  // of the whole plan on the device, as measured; 0: some step never was

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
