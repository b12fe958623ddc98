// Decoder: what a search needs to know of a model that makes a sequence token by token.
#pragma once

#include "decode/search.h"
#include "fovea/stacks.hpp"

namespace fovea {

struct DecoderFacts {
  int64_t vocab = 0;
  int64_t positions = 0;         // tokens of a sequence at most
  int64_t depth = 0, heads = 0;  // layers, and heads of each, whose attention may be asked for
  uint32_t start = 0;            // what a target begins with
  uint32_t eos = 0, pad = 0;
  // A step may take fewer places than there are sentences, but for weights: those that are done drop out.
  bool takes_places = false;
  bool encodes = false;  // targets answer sources that an encoder reads; else they go on where prompts end
};

class Decoder {
 public:
  virtual ~Decoder() = default;

  virtual DecoderFacts facts() const = 0;
  // What the rows of a search need, all zeros; keys: tokens of a source at most.
  virtual DecoderMemory memory(Device& device, const StepState& search, int64_t keys) const = 0;
  // Fills the memory before the first step. ids: (batch, tokens) u32, the sources, with their lengths (batch)
  // u32, or without an encoder what the prompts begin with, in one pass, and no lengths.
  virtual void begin(Tensor ids, Tensor lengths, const StepState& search, DecoderMemory& memory) const = 0;

  struct Next {
    Tensor logits;   // (rows, vocab)
    Tensor weights;  // (rows, heads, keys) of the attention to the source, when asked for
  };
  // What comes behind the token that each row reads next. weights_of: a layer, or -1.
  virtual Next step(Graph& graph, const StepState& search, DecoderMemory& memory,
                    int64_t weights_of) const = 0;
};

}  // namespace fovea
