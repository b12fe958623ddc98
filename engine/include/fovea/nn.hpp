// Layers and their parameters. A layer owns States on a device; calling it adds nodes to the graph of x.
// Parameters must outlive the plans made of those graphs. attention.hpp and stacks.hpp go on from here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/ops.hpp"

namespace fovea FOVEA_API {

// A tensor that training changes, by the name that it has in its model.
struct Parameter {
  std::string name;
  State* state = nullptr;
  bool decay = true;  // takes weight decay; normalisations and biases do not
};
using Parameters = std::vector<Parameter>;

// What layers are made for: for training, weights lie in rows, as in files, and can be updated in place.
enum class Use : uint8_t { inference, training };

// Drops elements of what a block adds to its residual (Srivastava et al. 2014); does nothing by default.
struct Dropout {
  float rate = 0;
  const State* generator = nullptr;  // (4) u32, see dropout()
  Tensor operator()(Tensor x) const;
};

// y = x W^T + b.
class Linear {
 public:
  // weight: (out, in) row by row, as PyTorch stores it; bias: (out) or empty.
  Linear(Device& device, int64_t out, int64_t in, std::span<const float> weight, std::span<const float> bias,
         Use use = Use::inference);
  // x: (.., in) -> (.., out). options.bias must be absent.
  Tensor operator()(Tensor x, MatmulOptions options = {}) const;
  int64_t in() const { return weight_.shape()[weight_.layout() == Layout::panels ? 0 : 1]; }
  int64_t out() const { return weight_.shape()[weight_.layout() == Layout::panels ? 1 : 0]; }
  void parameters(const std::string& name, Parameters& to);  // name.weight, name.bias

 private:
  State weight_;  // (in, out) in the panels that matmul reads; for training (out, in) in rows
  std::optional<State> bias_;
};

// Ba, Kiros, Hinton 2016, over the last axis, or the last ones.
class LayerNorm {
 public:
  // y = (x - mean) / sqrt(variance + eps) * weight + bias; weight, bias: (width).
  LayerNorm(Device& device, std::span<const float> weight, std::span<const float> bias, float eps);
  // weight, bias: of the axes that are normalised together, such as (tokens, width).
  LayerNorm(State weight, State bias, float eps);
  // (.., width) -> (.., width); with a residual, like x, of x + residual: after a block "add and norm".
  Tensor operator()(Tensor x, Tensor residual = {}) const;
  float eps() const { return eps_; }
  void parameters(const std::string& name, Parameters& to);  // name.weight, name.bias

 private:
  State weight_, bias_;
  float eps_;
};

// Position-wise feed-forward network (Vaswani et al. 2017, section 3.3): down(activation(up(x))) + residual.
class FeedForward {
 public:
  FeedForward(Linear up, Linear down, Activation activation);
  // x: (.., width of up) -> (.., width of down), which may differ; residual: like the result, or absent.
  Tensor operator()(Tensor x, Tensor residual = {}, const Dropout& dropout = {}) const;
  Activation activation() const { return activation_; }
  void parameters(const std::string& name, Parameters& to);  // name.up, name.down

 private:
  Linear up_, down_;
  Activation activation_;
};

// What a network of tokens begins with: norm(scale * tokens[id] + types[type] + positions[place]).
class Embedding {
 public:
  struct Parts {
    State tokens;                         // (vocab, width)
    float scale = 1;                      // of its rows
    std::optional<State> positions = {};  // (positions, width)
    bool learned_positions = true;        // else they are no parameters: sinusoids
    std::optional<State> types = {};      // (types, width): which sentence a token is of
    std::optional<LayerNorm> norm = {};
  };
  explicit Embedding(Parts parts) : parts_(std::move(parts)) {}
  // ids, types: (batch, tokens) u32 -> (batch, tokens, width). Types that are absent are 0.
  Tensor operator()(Tensor ids, Tensor types = {}) const;
  Tensor step(Tensor ids, Tensor place) const;  // (rows) u32, all at one place (1) u32 -> (rows, width)
  const State& tokens() const { return parts_.tokens; }      // for an output that shares them
  void parameters(const std::string& name, Parameters& to);  // name.weight, .positions, .types, .norm

 private:
  Tensor rows(Tensor ids) const;
  Parts parts_;
};

// Sinusoids (Vaswani et al. 2017, section 3.5) of positions first, first + 1, ..
struct Sinusoids {
  int64_t first = 0;
  bool interleaved = false;  // sines and cosines in turn; else sines in the first half of the columns
  bool to_the_end = false;   // wavelengths end at 10000 turns, as in tensor2tensor, not just before
};
std::vector<float> sinusoids(int64_t count, int64_t width, const Sinusoids& what);  // (count, width)

}  // namespace fovea
