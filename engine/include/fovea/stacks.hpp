// Encoder and decoder layers (Vaswani et al. 2017, section 3.1), and stacks of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/attention.hpp"

namespace fovea FOVEA_API {

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
  LayerOptions layers = {};  // of each; weights: those of all layers; head_mask: (depth, heads)
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

struct DecoderLayerState;  // of a fused step, engine/ops/decoder_layer_step.h

// What a step of a decoder layer reads beside its own token.
struct LayerMemory {
  State& cache;             // (2, rows, steps, width): K and V of the tokens so far; its own are added
  Tensor encoded, lengths;  // (batch, keys, 2 width): K and V of what was encoded; (batch): how many count
};

// Decoder layer (Vaswani et al. 2017, section 3.1): self-attention, attention to what an encoder made, if
// any, feed-forward. On CPU drivers the steps of a narrow one are single dispatches.
class DecoderLayer {
 public:
  struct Parts {
    LayerNorm attention_norm;
    SelfAttention attention;
    std::optional<LayerNorm> cross_norm;  // with cross
    std::optional<CrossAttention> cross;  // absent: nothing is encoded
    LayerNorm feed_forward_norm;
    FeedForward feed_forward;
    NormPlace place = NormPlace::before;
  };
  DecoderLayer(Device& device, Parts parts);
  ~DecoderLayer();
  DecoderLayer(DecoderLayer&&) noexcept;

  const CrossAttention* cross() const { return parts_.cross ? &*parts_.cross : nullptr; }
  int64_t inner() const { return parts_.attention.inner(); }
  bool takes_places() const { return fused_ != nullptr; }  // as DecoderStack's
  struct Result {
    Tensor out;           // (batch, tokens, width)
    Tensor weights;       // when asked for: (batch, heads, tokens, keys) of the attention to what was encoded
    Tensor self_weights;  // and (batch, heads, tokens, tokens) of that to its own tokens
  };
  // All tokens at once, each seeing those before it. encoded: as CrossAttention::memory() gives it, if any;
  // options.attention is of the attention to it. head_mask: (2, heads), of the attention to its own tokens
  // and to what was encoded; (heads) where nothing is.
  Result operator()(Tensor x, Tensor encoded, const LayerOptions& options = {}) const;
  // One token a row, x (rows, width). weights: of the attention to what was encoded.
  SelfAttention::Result step(Tensor x, const StepState& search, const LayerMemory& at, bool weights) const;
  // As EncoderLayer, and name.cross_norm, name.cross.
  void parameters(const std::string& name, Parameters& to);

 private:
  Parts parts_;
  std::unique_ptr<DecoderLayerState> fused_;  // holds the weights that the parts refer to; null: they do
};

// What a decoding keeps on the device.
struct DecoderMemory {
  std::vector<State> caches;     // of each layer, (2, rows, steps, width): K and V of the tokens so far
  std::vector<State> encoded;    // of each layer, (batch, keys, 2 width): K and V of what was encoded, if any
  std::vector<State> recurrent;  // (rows, ..): what each step of a recurrent decoder hands to the next
  std::optional<State> lengths;  // (batch) u32: how many of those count

  uint64_t bytes() const;  // of keys, values and what steps hand on
};

// Decoder layers one after another.
class DecoderStack {
 public:
  struct Result {
    Tensor out;                        // as x, normalised if there is a last normalisation
    std::vector<Tensor> weights;       // of each layer, or of the one asked for
    std::vector<Tensor> self_weights;  // of each layer, to its own tokens; not of a step
  };
  explicit DecoderStack(std::vector<DecoderLayer> layers, std::optional<LayerNorm> last = {});
  int64_t depth() const { return int64_t(layers_.size()); }
  // x: (batch, tokens, width); encoded: (batch, keys, width) or absent. Options: as of layers, but no cache,
  // and head_mask has a row for each of them, (depth, 2, heads) or (depth, heads).
  Result operator()(Tensor x, Tensor encoded = {}, const LayerOptions& options = {}) const;

  // A decoding. First memory(), zeros; then what was encoded with its lengths goes in, or the start of all
  // targets: x (batch, tokens, width) in one pass, into the first row of each sentence. Then come steps.
  DecoderMemory memory(Device& device, const StepState& search, int64_t keys) const;
  void keep_encoded(Tensor encoded, Tensor lengths, DecoderMemory& memory) const;
  void prefill(Tensor x, DecoderMemory& memory) const;
  // A step may take fewer places than there are sentences, if no weights are wanted.
  bool takes_places() const;
  // x: (rows, width); weights_of: the layer whose weights are wanted, (rows, heads, keys), or -1.
  Result step(Tensor x, const StepState& search, DecoderMemory& memory, int64_t weights_of = -1) const;

  // name.0, name.1, ..; last: the name of the last normalisation, if there is one
  void parameters(const std::string& name, Parameters& to, const std::string& last = {});

 private:
  std::vector<DecoderLayer> layers_;
  std::optional<LayerNorm> last_;
};

}  // namespace fovea
