#include "train/update_node.h"

namespace fovea {
namespace {

void check(const UpdateNode& node) {
  FOVEA_CHECK(!node.updated.empty(), node.op, ": no parameters");
  FOVEA_CHECK(node.inputs.control.shape() == Shape({int64_t(kControlWords)}), node.op, ": control ",
              node.inputs.control.shape(), " needs (", kControlWords, ")");
  FOVEA_CHECK(node.inputs.norm.shape() == Shape({1}), node.op, ": norm ", node.inputs.norm.shape(),
              " needs (1)");
  for (const Updated& one : node.updated) {
    expect_state(node.op, *one.parameter, DType::f32);
    FOVEA_CHECK(one.gradient.shape() == one.parameter->shape(), node.op, ": gradient ", one.gradient.shape(),
                " for a parameter ", one.parameter->shape());
    const int64_t end = one.first + int64_t(one.gradient.shape().elements());
    for (const State* moment : node.moments)
      FOVEA_CHECK(end <= int64_t(moment->shape().elements()), node.op, ": moments of ", moment->shape(),
                  " end before ", end);
  }
}

}  // namespace

void add_update(const UpdateNode& node) {
  check(node);
  std::vector<Tensor> inputs{dense(node.op, node.inputs.control), dense(node.op, node.inputs.norm)};
  std::vector<NodeSpec::Output> outputs;  // moments, then parameters
  std::vector<int64_t> places;
  const auto add_target = [&](State* state) {
    outputs.push_back({.shape = state->shape(), .dtype = state->dtype(), .target = state});
  };
  for (State* moment : node.moments) add_target(moment);
  for (const Updated& one : node.updated) {
    inputs.push_back(dense(node.op, one.gradient));
    add_target(one.parameter);
    places.push_back(one.first);
  }
  const NodeSpec::Output first = outputs.front();
  outputs.erase(outputs.begin());
  const auto record = [places, moments = node.moments.size(), launch = node.launch](Launch& k) {
    std::vector<Whole> wholes;
    for (size_t i = 0; i < places.size(); ++i)
      wholes.push_back({.parameter = k.out(moments + i), .gradient = k.in(2 + i), .first = places[i]});
    UpdateSpans at{.table = segment_table(k, wholes), .control = k.in(0), .norm = k.in(1), .moments = {}};
    for (size_t i = 0; i < moments; ++i) at.moments.push_back(k.out(i));
    launch(k, at);
  };
  node.inputs.control.graph->add_all({.op = node.op,
                                      .detail = concat("of ", node.updated.size()),
                                      .inputs = inputs,
                                      .shape = first.shape,
                                      .more = outputs,
                                      .target = first.target,
                                      .launch = record});
}

}  // namespace fovea
