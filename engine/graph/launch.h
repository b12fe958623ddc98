// Launch: what a node's launch closure sees while a Plan records: where its operands lie, and dispatch().
#pragma once

#include <initializer_list>
#include <vector>

#include "fovea/device.hpp"
#include "fovea/graph.hpp"
#include "gpu/recorder.h"

namespace fovea {

struct Dispatch {
  const char* kernel;                   // shaders/<kernel>.comp
  std::vector<uint32_t> constants;      // specialization constants 0, 1, ..; the first is the number of lanes
  Groups groups;
  std::vector<Span> reads, writes;      // their addresses are the first push constants, in this order
};

class Launch {
 public:
  Launch(Gpu& gpu, Recorder& recorder, std::vector<Span> inputs, std::vector<Span> outputs);

  const Limits& limits() const { return limits_; }
  const Span& in(size_t i = 0) const { return inputs_.at(i); }   // null Span for an absent operand
  const Span& out(size_t i = 0) const { return outputs_.at(i); }

  // Folds n groups into a grid that every device takes; group_index() in shaders unfolds it and may exceed n.
  Groups rows(uint64_t n) const;

  template <class Params>
  void dispatch(const Dispatch& what, const Params& params) {
    static_assert(std::is_trivially_copyable_v<Params> && alignof(Params) == 4);
    dispatch_bytes(what, std::as_bytes(std::span(&params, 1)));
  }

 private:
  void dispatch_bytes(const Dispatch& what, std::span<const std::byte> params);

  Gpu& gpu_;
  const Limits& limits_;
  Recorder& recorder_;
  std::vector<Span> inputs_, outputs_;
};

}  // namespace fovea
