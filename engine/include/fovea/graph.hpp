// Graph: a description of a computation on tensors. Nothing runs here; a Plan (plan.hpp) runs it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fovea/core.hpp"

namespace fovea {
class Buffer;  // of the engine's own, engine/gpu: a shared library does not show them
class Gpu;
}  // namespace fovea

namespace fovea FOVEA_API {

class Device;
class Graph;

using ValueId = uint32_t;
constexpr ValueId kNoValue = UINT32_MAX;

// Distance in elements between neighbours along each axis of a value.
struct Strides : std::array<int64_t, Shape::kMaxRank> {};
Strides contiguous_strides(const Shape& shape);

// How the elements of a value lie in memory: row by row, or in the column panels matmul reads
// (shaders/pack.comp).
enum class Layout : uint8_t { rows, panels };
uint64_t storage_bytes(const Shape& shape, Layout layout);  // panels are padded

// Device memory that outlives plans: weights, caches, counters. Every graph that uses it sees the same bytes;
// assign() updates it in place. It must outlive the plans that use it.
class State {
 public:
  State(Device& device, const Shape& shape, DType dtype = DType::f32, Layout layout = Layout::rows);  // zeros
  // A part of another State's memory as a tensor of its own, from element `offset` on. It is a multiple of 4,
  // as kernels read 16 bytes at a time. The part must not outlive the whole.
  State(const State& whole, uint64_t offset, const Shape& shape, Layout layout = Layout::rows);
  ~State();
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  Layout layout() const { return layout_; }
  uint64_t bytes() const;                     // of its memory; a panels layout is padded
  void write(std::span<const float> values);  // all elements in the layout's order; waits for the copy
  void write(std::span<const uint32_t> values);
  void write(const State& from);    // of the same type and as many bytes, on the device
  std::vector<float> read() const;  // all elements in the layout's order
  std::vector<uint32_t> read_u32() const;
  const Buffer& buffer() const { return *buffer_; }
  uint64_t offset() const { return offset_; }  // elements in front of it in the buffer

 private:
  Shape shape_;
  DType dtype_;
  Layout layout_;
  Gpu* gpu_;
  std::unique_ptr<Buffer> owned_;  // null: a part of another State
  const Buffer* buffer_;
  uint64_t offset_ = 0;
};

// Handle of one value of a graph; valid as long as the graph. A default one stands for an absent operand.
class Tensor {
 public:
  Tensor() = default;
  Tensor(Graph* owner, ValueId value) : graph(owner), id(value) {}
  explicit operator bool() const { return graph != nullptr; }

  const Shape& shape() const;
  DType dtype() const;
  const Strides& strides() const;
  Layout layout() const;
  bool contiguous() const;  // row by row without gaps

  Graph* graph = nullptr;
  ValueId id = kNoValue;
};

// What authors of ops write and passes read, op.hpp.
struct NodeSpec;
struct Node;
struct Value;
struct View;

// Owner of values and nodes, in the order they were added. Neither copied nor moved: tensors point at it.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Tensor input(const Shape& shape, DType dtype = DType::f32, std::string name = "input");
  Tensor use(const State& state, std::string name = "state");  // one handle a State, or part of one

  // Adds the nodes that compute dy * dy/dx for every x of `of`: reverse accumulation. dy: as y; absent: y is
  // one number and dy 1. A panels-layout x gets its gradient in rows. An Error where y does not depend on x,
  // and in a library that was built without training (FOVEA_TRAINING).
  std::vector<Tensor> grad(Tensor y, const std::vector<Tensor>& of, Tensor dy = {});

  // For ops.
  Tensor add(NodeSpec spec);                   // its first output
  std::vector<Tensor> add_all(NodeSpec spec);  // all outputs
  // The same memory in another shape. how.source is filled in.
  Tensor view(Tensor x, const Shape& shape, const Strides& strides, int64_t offset, View how);

  const Value& value(ValueId id) const;
  std::vector<Value> values() const;
  const std::vector<Node>& nodes() const;
  const View* view_of(ValueId id) const;           // null: no view
  const Value* use_of(const Buffer* state) const;  // what use() made of a State's memory; null: nothing

 private:
  ValueId add_value(Value value);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace fovea
