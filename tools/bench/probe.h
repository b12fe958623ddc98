// Probes: what the device can do at best, measured beside the cases: multiply-adds and copied bytes a second.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fovea/plan.hpp"

namespace fovea::bench {

double seconds_now();
double median(std::vector<double> values);
double timed_run(Plan& plan);          // seconds of one run(), by the host's clock
double best_of(Plan& plan, int runs);  // the least of one to warm up and several more

// One plan that takes long enough to be timed; work counts in 1e9 operations or bytes.
class Probe {
 public:
  using Build = std::function<Plan(uint32_t amount)>;
  Probe(std::string shape, double work_of_one, const Build& build);

  double seconds() { return timed_run(*plan_); }
  double work() const { return work_; }
  double rate() { return work_ / seconds(); }
  const std::string& shape() const { return shape_; }

 private:
  std::string shape_;
  double work_ = 0;
  std::optional<Plan> plan_;
};

// The same limit probed by several kernels: the fastest of them stands for the device.
class Limit {
 public:
  explicit Limit(std::vector<Probe> probes);
  Probe& best() { return probes_[best_]; }
  std::string print() const;  // "61.9 (12x32; 16x4: 57.0)"

 private:
  std::vector<Probe> probes_;
  std::vector<double> rates_;  // medians
  size_t best_ = 0;
};

// A value that costs nothing and needs x, so that x is computed but not copied back to the host.
Tensor sink(Tensor x);

class Probes {
 public:
  // peak_shape: "16x4" or "12x32" (accumulators x steps an iteration); "best": the faster of both.
  Probes(Device& device, const std::string& peak_shape);
  Probe& peak() { return peak_->best(); }  // GFLOP/s
  Probe& copy() { return copy_->best(); }  // GB/s, read and written
  std::string print() const;

 private:
  void make_peak(Device& device, const std::string& shape);
  void make_copy(Device& device);

  State sums_, from_, to_;
  std::optional<Limit> peak_, copy_;
};

}  // namespace fovea::bench
