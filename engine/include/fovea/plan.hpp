// Plan: a graph compiled for a device. Recorded once, replayed by every run().
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "fovea/graph.hpp"

namespace fovea FOVEA_API {

struct StepTime {
  std::string op, detail, shape;
  double milliseconds = 0;  // on the device; 0 where it has no timestamps
};

struct PlanOptions {
  bool guards = false;  // debugging: values share no memory and lie between guard words, see guards_intact()
};

class Plan {
 public:
  // Compiles what the outputs need: order, fuse, lifetimes, arena, record. Keeps nothing of the graph but its
  // nodes.
  Plan(Device& device, const Graph& graph, const std::vector<Tensor>& outputs,
       const PlanOptions& options = {});
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  // Inputs: exactly shape().elements() values each, or an Error that says both counts.
  void write(Tensor input, std::span<const float> values);
  void write(Tensor input, std::span<const uint32_t> values);
  void run();  // submit() and wait()
  // Replays the recorded work `times` times in a row; one submission, no allocation. One run at a time.
  void submit(uint32_t times = 1);
  void wait();  // for the last submit(); a lost device is an Error here and in every later call
  // Outputs, in row order whatever their strides.
  void read(Tensor output, std::span<float> values) const;
  std::vector<float> read(Tensor output) const;
  std::vector<uint32_t> read_u32(Tensor output) const;

  // Records the same work into a command buffer of the caller, outside a render pass, for a queue with
  // compute. On entry it waits for earlier transfers, compute and host writes; on exit its results are
  // visible to later transfers, compute and host reads. Between write() and read() the caller submits and
  // waits. Of the command buffer's state only the compute pipeline and push constants change.
  void record(VkCommandBuffer commands) const;

  std::string print() const;        // a line a step: op, shapes, bytes, offset in the arena; then the totals
  std::vector<StepTime> profile();  // runs once with timestamps around every step

  bool guards_intact() const;  // no step wrote outside its values

  uint64_t arena_bytes() const;  // planned for intermediates
  uint64_t live_bytes() const;   // largest set of intermediates alive at once: no plan can be smaller
  uint32_t dispatches() const;
  uint32_t barriers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
