// measure: runs a case between probes and compares each run with the probes beside it.
#pragma once

#include "cases.h"
#include "probe.h"

namespace fovea::bench {

struct Measurement {
  std::string name, shape;
  int runs = 0;
  unsigned repeats = 1;  // of the case in a run; times are of one repetition
  double median_ms = 0, min_ms = 0, max_ms = 0;
  double gflops = 0, gbs = 0;                         // from the median time
  double fraction_of_peak = 0, fraction_of_copy = 0;  // medians over the runs
  double peak_gflops = 0, copy_gbs = 0;               // medians of the probes beside the runs
};

Measurement measure(Device& device, Probes& probes, const Case& the_case, int least_runs);

// The calling thread's own time in Plan::submit(), besides waiting: a replay of one small dispatch.
Measurement measure_replay(Device& device, Probes& probes, int least_runs);

}  // namespace fovea::bench
