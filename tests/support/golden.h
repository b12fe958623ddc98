// Cases of a safetensors file that PyTorch wrote: inputs CASE.NAME, what is made of them CASE.y, a gradient
// CASE.dy of that, and CASE.dNAME, the gradients of the inputs that have one.
#pragma once

#include <cstring>

#include "core/check.h"
#include "io/safetensors.h"
#include "support/check.h"

namespace fovea::test {

// One case in a graph.
class GoldenCase {
 public:
  GoldenCase(const SafeTensors& file, std::string name) : file_(file), name_(std::move(name)) {}

  Graph& graph() { return graph_; }
  bool has(const std::string& key) const { return file_.has(full(key)); }
  Shape shape(const std::string& key) const { return Shape(file_.info(full(key)).shape); }
  std::vector<float> values(const std::string& key) const { return file_.read_f32(full(key), shape(key)); }

  // The input CASE.key, whose gradient is CASE.dkey.
  Tensor operator()(const std::string& key) {
    const Tensor x = graph_.input(shape(key));
    inputs_.push_back({x, values(key)});
    expect_gradient(x, key);
    return x;
  }
  // Ids or lengths, which the file holds as I64.
  Tensor whole(const std::string& key) {
    const SafeTensors::Info& info = file_.info(full(key));
    if (info.dtype != "I64") fail("golden case: ", full(key), " is ", info.dtype);
    std::vector<uint32_t> all;
    for (size_t at = 0; at < info.bytes.size(); at += 8) {
      int64_t value;
      std::memcpy(&value, info.bytes.data() + at, 8);
      all.push_back(uint32_t(value));
    }
    const Tensor x = graph_.input(shape(key), DType::u32);
    inputs_.push_back({x, all});
    return x;
  }
  // The gradient of x, such as of a parameter, is CASE.dkey.
  void expect_gradient(Tensor x, const std::string& key) {
    operands_.push_back(x);
    gradients_.push_back("d" + key);
  }
  // x is CASE.key.
  void expect(Tensor x, const std::string& key) {
    outputs_.push_back(x);
    names_.push_back(key);
  }

  // y is CASE.y, and all gradients and outputs are as expected.
  void check(Tensor y, Tolerance tolerance);

 private:
  std::string full(const std::string& key) const { return name_ + "." + key; }

  const SafeTensors& file_;
  std::string name_;
  Graph graph_;
  std::vector<Tensor> operands_, outputs_;
  std::vector<std::string> gradients_, names_;
  std::vector<Input> inputs_;
};

}  // namespace fovea::test
