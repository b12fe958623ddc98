// What a Plan holds: for plan.cpp and for jobs, which replay it in slices.
#pragma once

#include <memory>
#include <vector>

#include "fovea/op.hpp"
#include "fovea/plan.hpp"
#include "gpu/commands.h"
#include "gpu/gpu.h"
#include "gpu/recorder.h"
#include "gpu/usage.h"
#include "graph/launch.h"
#include "graph/lifetimes.h"

namespace fovea {

struct Plan::Impl {
  Impl(Gpu& owner, const Graph& graph, const std::vector<Tensor>& wanted, const PlanOptions& options);
  ~Impl();

  void place_inputs_and_outputs();
  void place_intermediates();
  Span span_of(ValueId id) const;
  void record_slice(Recorder& recorder, uint32_t first, uint32_t count);
  void compile();
  void record_anew(VkQueryPool timestamps);
  void note_users();
  const Value& checked(const char* what, Tensor tensor, DType dtype, uint64_t count) const;
  void write(Tensor input, DType dtype, std::span<const std::byte> bytes);
  void read(Tensor output, DType dtype, std::span<std::byte> bytes) const;
  void table_row(std::string& text, size_t step) const;

  Gpu& gpu;
  uint64_t guard;  // bytes between values
  std::vector<Value> values;
  std::vector<Node> steps;
  std::vector<ValueId> outputs;
  std::vector<Lifetime> lives;
  std::vector<Span> places;  // memory of each base value; null where the plan does not use it
  uint64_t arena_bytes = 0, live_bytes = 0;
  uint64_t input_bytes = 0, io_bytes = 0;             // inputs lie first in io, outputs behind them
  std::unique_ptr<Buffer> arena_buffer, io, staging;  // staging mirrors io where the host cannot reach io
  Tables tables;
  Commands commands;
  std::shared_ptr<Usage> usage;        // of all memory that the recording touches
  std::vector<std::shared_ptr<Users>> touched;
  uint32_t dispatches = 0, barriers = 0;
  std::vector<double> milliseconds;  // of each step, as last measured; 0: not yet
};

}  // namespace fovea
