// Launch: what a node's launch closure sees while a Plan records: where its operands lie, and dispatch().
#pragma once

#include <memory>
#include <vector>

#include "fovea/device.hpp"
#include "fovea/op.hpp"
#include "gpu/recorder.h"

namespace fovea {

// Words that a plan's kernels read and nobody changes, kept as long as the plan. The work is recorded more
// than once, each time with the same tables in the same order.
class Tables {
 public:
  explicit Tables(Gpu& gpu) : gpu_(gpu) {}
  void begin(size_t step);  // of the plan, whose tables follow
  Span put(std::span<const uint32_t> words);

 private:
  Gpu& gpu_;
  std::vector<std::vector<std::unique_ptr<Buffer>>> of_step_;
  size_t step_ = 0, next_ = 0;
};

class Launch {
 public:
  Launch(Gpu& gpu, Recorder& recorder, Tables& tables, std::vector<Span> inputs, std::vector<Span> outputs);

  const Limits& limits() const { return limits_; }
  const Span& in(size_t i = 0) const { return inputs_.at(i); }  // null Span: absent
  const Span& out(size_t i = 0) const { return outputs_.at(i); }

  size_t inputs() const { return inputs_.size(); }
  Span table(std::span<const uint32_t> words) { return tables_.put(words); }

  // Folds n groups into a grid that every device takes; group_index() in shaders unfolds it and may exceed n.
  Groups rows(uint64_t n) const;

  // See Recorder::dispatch; params is the struct of shaders/<kernel>.h.
  template <class Params>
  void dispatch(const Dispatch& what, const Params& params) {
    static_assert(std::is_trivially_copyable_v<Params> && alignof(Params) == 4);
    recorder_.dispatch(what, std::as_bytes(std::span(&params, 1)));
  }
  void dispatch(const Dispatch& what) { recorder_.dispatch(what, {}); }  // of a shader without params

 private:
  const Limits& limits_;
  Recorder& recorder_;
  Tables& tables_;
  std::vector<Span> inputs_, outputs_;
};

}  // namespace fovea
