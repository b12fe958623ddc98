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

// Never zero, never denormal: of either sign and at least scale / 20 large, at most scale.
std::vector<float> random_values(uint64_t count, uint32_t seed, float scale = 1);

// What the command line asks for: the sizes of a case, in the order of its usage.
struct Ask {
  std::string name;
  std::vector<int64_t> sizes;
};

// The sizes in a text such as 197x768x3072; nothing when the case does not take them.
std::optional<std::vector<int64_t>> parse_shape(const std::string& name, const std::string& text);
const char* shape_usage(const std::string& name);  // "MxKxN"
std::vector<Ask> standard_cases(const std::string& name);  // the speed table's of this name

std::unique_ptr<Case> make_case(Device& device, const Ask& ask);
std::unique_ptr<Case> make_vit_case(Device& device, const std::string& directory);

}  // namespace fovea::bench
