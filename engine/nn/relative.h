// Relative positions of self-attention over whole sequences.
#pragma once

#include "fovea/attention.hpp"

namespace fovea {

// q, k: (batch, heads, tokens, head_dim) -> (batch, heads, tokens, tokens), what distances add to the
// products of queries and keys
Tensor relative_scores(Tensor q, Tensor k, const RelativePositions& relative);
// weights: (batch, heads, tokens, tokens) -> (batch, heads, tokens, head_dim), what they add to the output
Tensor relative_values(Tensor weights, const RelativePositions& relative);

}  // namespace fovea
