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

struct SubmitOptions {
  uint32_t times = 1;                   // in a row, at most 16; one submission, no allocation
  std::vector<Semaphore> wait, signal;  // of a host: before the first, and behind the last
};

class Plan;

struct PlanOptions {
  bool guards = false;  // debugging: values share no memory and lie between guard words, see guards_intact()
  // Inputs and outputs that images will be bound to: no memory of the host mirrors them, where there is any.
  std::vector<Tensor> images = {};
  // Another plan of the device, in whose arena the intermediates lie if it is large enough: what a run of
  // the one leaves there, a run of the other overwrites. Both may be on their way on one queue.
  const Plan* arena_of = nullptr;
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

  // Inputs: exactly shape().elements() values each, or an Error that says both counts. Waits for runs of this
  // plan that are on their way.
  void write(Tensor input, std::span<const float> values);
  void write(Tensor input, std::span<const uint32_t> values);

  // An input or output lies in a host's buffer, of exactly its bytes in row order: nothing is copied.
  // HostBuffer{}: in the plan's own memory again. The recordings that a host holds stay as they were.
  void bind(Tensor tensor, const HostBuffer& buffer);
  // A u32 input (height, width), (height, width, 2) of rgba16f, takes the texels of an image as they lie, in
  // front of the first step; an output becomes an image's texels, behind the last. HostImage{}: not any more.
  void bind(Tensor tensor, const HostImage& image);

  void run();  // submit() and wait()
  // Replays the recorded work. Several plans, and several runs of one, may be on their way: they run in the
  // order of their submissions. Device::poll asks for a ticket.
  Ticket submit(const SubmitOptions& options = {});
  void wait();  // for the last submit(); a lost device is an Error here and in every later call
  // Outputs of the last run, which it waits for, in row order whatever their strides.
  void read(Tensor output, std::span<float> values) const;
  std::vector<float> read(Tensor output) const;
  std::vector<uint32_t> read_u32(Tensor output) const;

  // Records the same work into a command buffer of the caller, outside a render pass, for a queue with
  // compute. On entry it waits for earlier transfers, compute and host writes; on exit its results are
  // visible to later transfers, compute and host reads. Of the command buffer's state only the compute
  // pipeline and push constants change. Submits the copies that wait for a submission.
  void record(VkCommandBuffer commands);
  // The same in parts: steps [first, first + count), each of steps() once and in their order.
  void record(VkCommandBuffer commands, uint32_t first, uint32_t count);
  uint32_t steps() const;
  // Until when what was recorded last is in use, as only the host knows: then copies to and from the plan's
  // inputs, outputs and States wait for that. As long as it has not said so they go through the queue, behind
  // what the host has submitted to the same queue; with HostDevice::never_submit they are an Error,
  // not_ready.
  void in_use_until(VkSemaphore timeline, uint64_t value);
  void finished();  // nothing that was recorded is on its way

  std::string print() const;  // a line a step: op, shapes, bytes, offset in the arena; then the totals
  // Runs once with timestamps around every step; no image is read or written, so that it serves before the
  // first frame.
  std::vector<StepTime> profile();

  bool guards_intact() const;  // no step wrote outside its values

  uint64_t arena_bytes() const;  // planned for intermediates
  uint64_t live_bytes() const;   // largest set of intermediates alive at once: no plan can be smaller
  uint32_t dispatches() const;
  uint32_t barriers() const;

 private:
  friend class PlanJob;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
