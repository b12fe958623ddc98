// Cases: what bench measures. A case owns its weights and inputs and adds its work to a graph.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/fovea.hpp"

namespace fovea::bench {

// What one repetition does at least: floating-point operations, and bytes of operands and results, each once.
struct Work {
  double flops = 0, bytes = 0;
  Work operator+(const Work& other) const { return {flops + other.flops, bytes + other.bytes}; }
  Work operator*(double times) const { return {flops * times, bytes * times}; }
};

class Case {
 public:
  Case(std::string case_name, std::string case_shape, const Work& case_work)
      : name(std::move(case_name)), shape(std::move(case_shape)), work(case_work) {}
  virtual ~Case() = default;

  // Adds one repetition. previous: the result of the one before, absent for the first; each waits for the one
  // before, as ops do in a model.
  virtual Tensor step(Graph& graph, Tensor previous) const = 0;
  virtual bool repeats() const { return true; }

  const std::string name, shape;
  const Work work;
};

// What cases are made of, work.cpp.
Work product_work(double m, double k, double n);  // (m, k) x (k, n)
Work attention_work(double heads, double tokens, double keys, double head_dim);
Work layer_norm_work(double rows, double columns);  // mean, centred squares, affine: 8 operations an element
Work feed_forward_work(double tokens, double width, double hidden);
using Sizes = std::vector<int64_t>;
std::string join(const Sizes& sizes);  // 197x768
// Never zero, never denormal: of either sign and at least scale / 20 large, at most scale.
std::vector<float> random_values(uint64_t count, uint32_t seed, float scale = 1);
State random_state(Device& device, const Shape& shape, uint32_t seed);

// The cases, by files: products.cpp, convolution.cpp, rows.cpp, vit.cpp. Sizes are in the order of
// Kind::usage.
std::unique_ptr<Case> make_gemm(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_attention(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_attention_grad(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_feed_forward(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_conv2d(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_conv2d_grad_x(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_conv2d_grad_weight(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_layer_norm(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_permute(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_concat(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_transpose(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_pixels(Device& device, const Sizes& sizes);
std::unique_ptr<Case> make_vit(Device& device, const std::string& directory);

// A case whose sizes can be chosen.
struct Kind {
  const char *name, *usage, *says;  // usage: "MxKxN"
  std::vector<size_t> counts;       // how many sizes it takes
  std::vector<Sizes> standard;      // those of the speed table
  std::unique_ptr<Case> (*make)(Device&, const Sizes&);
};
const std::vector<Kind>& kinds();
const Kind* kind_of(const std::string& name);  // null: none

// The sizes in a text such as 197x768x3072; nothing when the case does not take them.
std::optional<Sizes> parse_sizes(const Kind& kind, const std::string& text);

}  // namespace fovea::bench
