// Graph: a description of a computation on tensors. Nothing runs here; a Plan (plan.hpp) runs it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fovea/core.hpp"

namespace fovea {

class Buffer;
class Device;
class Gpu;
class Graph;
class Launch;  // what a node's launch closure records with, engine/graph/launch.h

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
  ~State();
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  Layout layout() const { return layout_; }
  uint64_t bytes() const;                     // of its memory; a panels layout is padded
  void write(std::span<const float> values);  // all elements in the layout's order; waits for the copy
  void write(std::span<const uint32_t> values);
  std::vector<float> read() const;  // all elements in the layout's order
  std::vector<uint32_t> read_u32() const;
  const Buffer& buffer() const { return *buffer_; }

 private:
  Shape shape_;
  DType dtype_;
  Layout layout_;
  Gpu* gpu_;
  std::unique_ptr<Buffer> buffer_;
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

// What a value is, as plain data: the passes of a Plan work on these.
struct Value {
  Shape shape;
  DType dtype = DType::f32;
  Layout layout = Layout::rows;
  Strides strides{};              // of a view; contiguous otherwise
  int64_t offset = 0;             // elements from the start of base
  ValueId base = kNoValue;        // the value whose memory this one is part of; itself unless it is a view
  const Buffer* state = nullptr;  // memory of the State it lives in
  bool input = false;             // written by Plan::write
  uint64_t bytes = 0;             // of memory, for bases
  std::string name;               // of inputs and states
};

// A step that may be folded into the end of the node that makes its input (see fuse.h).
struct Epilogue {
  enum class Kind : uint8_t { bias, relu, gelu, gelu_tanh, silu, residual };
  Kind kind = Kind::bias;
  Tensor operand = {};  // of bias and residual
};

// What an op says of itself when it adds a node.
struct NodeSpec {
  struct Output {
    Shape shape;
    DType dtype = DType::f32;
    Layout layout = Layout::rows;
    State* target = nullptr;  // the output is this State, updated in place
  };
  std::string op;                   // the op's one word
  std::string detail = {};          // its parameters in words, for Plan::print
  std::vector<Tensor> inputs = {};  // absent operands keep their place
  Shape shape = {};                 // of the first output
  DType dtype = DType::f32;
  Layout layout = Layout::rows;
  std::vector<Output> more = {};  // further outputs
  State* target = nullptr;        // the first output is this State, updated in place
  std::function<void(Launch&)> launch;
  // Gradients of the inputs from that of the first output, as further nodes; absent for inputs without one.
  std::function<std::vector<Tensor>(Tensor y, Tensor dy)> grad = {};
  std::optional<Epilogue> epilogue =
      {};  // this node is y = epilogue(x) and may be folded into the maker of x
  std::function<std::optional<NodeSpec>(const Epilogue&)> absorb =
      {};  // this node with an epilogue folded in
};

struct Node {
  std::string op, detail;
  std::vector<ValueId> inputs, outputs;  // kNoValue: absent
  std::function<void(Launch&)> launch;
  std::function<std::vector<Tensor>(Tensor, Tensor)> grad;
  std::optional<Epilogue> epilogue;
  std::function<std::optional<NodeSpec>(const Epilogue&)> absorb;
};

// How a view came about, for gradients.
struct View {
  ValueId source = kNoValue;                   // what it was made of
  std::function<Tensor(Tensor dy)> grad = {};  // the gradient of the source from that of the view
  int axis = -1;                               // of a slice: neighbours along it become one gradient
  int64_t start = 0;                           // of a slice
};

// Owner of values and nodes, in the order they were added. Neither copied nor moved: tensors point at it.
class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Tensor input(const Shape& shape, DType dtype = DType::f32, std::string name = "input");
  Tensor use(const State& state, std::string name = "state");  // one handle a State
  Tensor add(NodeSpec spec);                                   // its first output
  std::vector<Tensor> add_all(NodeSpec spec);                  // all outputs
  // The same memory in another shape. how.source is filled in.
  Tensor view(Tensor x, const Shape& shape, const Strides& strides, int64_t offset, View how = {});

  // Adds the nodes that compute dy * dy/dx for every x of `of`: reverse accumulation. dy: as y; absent: y is
  // one number and dy 1. A panels-layout x gets its gradient in rows. An Error where y does not depend on x.
  std::vector<Tensor> grad(Tensor y, const std::vector<Tensor>& of, Tensor dy = {});

  const Value& value(ValueId id) const { return values_.at(id); }
  std::vector<Value> values() const { return {values_.begin(), values_.end()}; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const View* view_of(ValueId id) const;  // null: no view

 private:
  ValueId add_value(Value value);

  std::unordered_map<ValueId, View> views_;
  std::unordered_map<const Buffer*, ValueId> states_;  // by use()
  std::deque<Value> values_;  // a deque: references to shapes stay valid while ops add values
  std::vector<Node> nodes_;
};

}  // namespace fovea
