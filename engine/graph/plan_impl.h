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
#include "graph/bind.h"
#include "graph/launch.h"
#include "graph/lifetimes.h"

namespace fovea {

struct Plan::Impl {
  Impl(Gpu& owner, const Graph& graph, const std::vector<Tensor>& wanted, const PlanOptions& options);
  ~Impl();

  void place_inputs_and_outputs();
  void place_intermediates(const Impl* arena_of);
  Span span_of(ValueId id) const;
  void record_slice(Recorder& recorder, uint32_t first, uint32_t count);
  void compile();
  void record_anew(VkQueryPool timestamps);
  void prepare(uint32_t times);  // the recording, for so many replays
  void note_users();
  const Value& checked(const char* what, Tensor tensor, DType dtype, uint64_t count) const;
  void write(Tensor input, DType dtype, std::span<const std::byte> bytes);
  void read(Tensor output, DType dtype, std::span<std::byte> bytes) const;
  void table_row(std::string& text, size_t step) const;

  ValueId bindable(Tensor tensor) const;
  void bind(ValueId base, const HostBuffer& buffer);
  void bind(ValueId base, const HostImage& image, const Shape& shape);
  void unbind(ValueId base);
  const Binding* binding_of(ValueId id) const;  // null: none
  bool of_image(ValueId id) const;              // PlanOptions::images
  void check_own(const char* what, ValueId id) const;
  std::vector<Span> staged(uint64_t begin, uint64_t end) const;
  void copy_in(Recorder& recorder);
  void copy_out(Recorder& recorder);

  Gpu& gpu;
  uint64_t guard;  // bytes between values
  std::vector<Value> values;
  std::vector<Node> steps;
  std::vector<ValueId> outputs;
  std::vector<Lifetime> lives;
  std::vector<Span> places;  // memory of each base value; null where the plan does not use it
  uint64_t arena_bytes = 0, live_bytes = 0;
  // Inputs lie first in io, outputs behind them, then those that only images are bound to.
  uint64_t input_bytes = 0, staged_bytes = 0, io_bytes = 0;
  std::shared_ptr<Buffer> arena_buffer;  // of several plans, see PlanOptions::arena_of
  std::unique_ptr<Buffer> io;
  std::unique_ptr<Buffer> staging;  // mirrors the first staged_bytes of io where the host cannot reach io
  Tables tables;
  Commands commands;
  std::shared_ptr<Usage> usage;  // of all memory that the recording touches
  std::vector<std::shared_ptr<Users>> touched;
  std::vector<ValueId> images;  // bases that only images are bound to
  std::vector<Binding> bindings;
  bool touches_images = true;  // what is being recorded
  bool stale = false;          // what was recorded is of other bindings
  uint32_t dispatches = 0, barriers = 0;
  std::vector<double> milliseconds;  // of each step, as last measured; 0: not yet
};

}  // namespace fovea
