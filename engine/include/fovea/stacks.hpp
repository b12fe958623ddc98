// Encoder and decoder layers (Vaswani et al. 2017, section 3.1), and stacks of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fovea/attention.hpp"

namespace fovea {

// Where a layer normalises: before each block, x + f(norm(x)), or after it, norm(x + f(x)).
enum class NormPlace : uint8_t { before, after };

// Encoder layer: before is Dosovitskiy et al. 2021, equations 2 and 3, after is Vaswani et al. 2017,
// section 3.1.
class EncoderLayer {
 public:
  EncoderLayer(LayerNorm attention_norm, SelfAttention attention, LayerNorm feed_forward_norm,
               FeedForward feed_forward, NormPlace place = NormPlace::before);
  SelfAttention::Result operator()(Tensor x,
                                   const LayerOptions& options = {}) const;  // (batch, tokens, width)
  // name.attention_norm, name.attention, name.feed_forward_norm, name.feed_forward
  void parameters(const std::string& name, Parameters& to);

 private:
  LayerNorm attention_norm_;
  SelfAttention attention_;
  LayerNorm feed_forward_norm_;
  FeedForward feed_forward_;
  NormPlace place_;
};

struct EncoderOptions {
  LayerOptions layers = {};  // of each; weights: those of all layers
  bool hidden_states = false;
};

// Encoder layers one after another.
class Encoder {
 public:
  struct Result {
    Tensor out;                         // (batch, tokens, width), normalised if there is a last normalisation
    std::vector<Tensor> hidden_states;  // when asked for: x, then what each layer gives
    std::vector<Tensor> weights;        // when asked for, of each layer: (batch, heads, tokens, tokens)
  };
  explicit Encoder(std::vector<EncoderLayer> layers, std::optional<LayerNorm> last = {});
  Result operator()(Tensor x, const EncoderOptions& options = {}) const;  // x: (batch, tokens, width)
  // name.0, name.1, ..; last: the name of the last normalisation, if there is one
  void parameters(const std::string& name, Parameters& to, const std::string& last = {});

 private:
  std::vector<EncoderLayer> layers_;
  std::optional<LayerNorm> last_;
};

// Decoder layer (Vaswani et al. 2017, section 3.1): self-attention, attention to the memory, feed-forward.
class DecoderLayer {
 public:
  struct Norms {
    LayerNorm attention, cross, feed_forward;
  };
  DecoderLayer(Norms norms, SelfAttention attention, CrossAttention cross, FeedForward feed_forward,
               NormPlace place);
  const CrossAttention& cross() const { return cross_; }
  // All tokens at once, each seeing those before it; options.weights and .attention: of the cross attention.
  SelfAttention::Result operator()(Tensor x, Tensor memory, const LayerOptions& options = {}) const;
  // One token a row, x (rows, width), after those in cache (2, rows, steps, width); it is added there.
  SelfAttention::Result step(Tensor x, State& cache, Tensor memory, Tensor lengths, const StepState& search,
                             bool weights) const;
  // As EncoderLayer, and name.cross_norm, name.cross.
  void parameters(const std::string& name, Parameters& to);

 private:
  Norms norms_;
  SelfAttention attention_;
  CrossAttention cross_;
  FeedForward feed_forward_;
  NormPlace place_;
};

}  // namespace fovea
