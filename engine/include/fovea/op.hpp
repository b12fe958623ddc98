// For authors of ops: what a node says of itself, and what a graph keeps as plain data. Users of ops need
// graph.hpp alone; a launch closure also needs engine/graph/launch.h.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fovea/activation.hpp"
#include "fovea/graph.hpp"

namespace fovea {
class Launch;  // what a node's launch closure records with, engine/graph/launch.h
}  // namespace fovea

namespace fovea FOVEA_API {

// What a value is, as plain data: the passes of a Plan work on these.
struct Value {
  Shape shape;
  DType dtype = DType::f32;
  Layout layout = Layout::rows;
  Strides strides{};              // of a view; contiguous otherwise
  int64_t offset = 0;             // elements from the start of base, or of the State's memory
  ValueId base = kNoValue;        // the value whose memory this one is part of; itself unless it is a view
  const Buffer* state = nullptr;  // memory of the State it lives in
  bool input = false;             // written by Plan::write
  uint64_t bytes = 0;             // of memory, for bases
  std::string name;               // of inputs and states
};

// A step that may be folded into the end of the node that makes its input (see fuse.h).
struct Epilogue {
  enum class Kind : uint8_t { bias, activation, residual };
  Kind kind = Kind::bias;
  Tensor operand = {};  // of bias and residual
  Activation activation = Activation::none;
};

// All outputs of a node, in the order in which it names them.
using Outputs = const std::vector<Tensor>&;

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
  std::function<std::vector<Tensor>(Outputs y, Tensor dy)> grad = {};
  // This node is y = epilogue(x) and may be folded into the maker of x.
  std::optional<Epilogue> epilogue = {};
  // This node with an epilogue folded in; nothing where it cannot take it over.
  std::function<std::optional<NodeSpec>(const Epilogue&)> absorb = {};
};

struct Node {
  NodeSpec spec;
  std::vector<ValueId> inputs, outputs;  // kNoValue: absent
};

// How a view came about, for gradients.
struct View {
  ValueId source = kNoValue;                   // what it was made of
  std::function<Tensor(Tensor dy)> grad = {};  // the gradient of the source from that of the view
  int axis = -1;                               // of a slice: neighbours along it become one gradient
  int64_t start = 0;                           // of a slice
};

}  // namespace fovea
