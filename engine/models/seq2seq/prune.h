// A Transformer without some of its heads.
#pragma once

#include <list>

#include "models/seq2seq/file.h"

namespace fovea {

struct PrunedHeads {
  std::list<State> states;  // those that are smaller
  Parameters tensors;       // as before, but those
  std::vector<int64_t> kept_heads;
};

// tensors: of a network for training. kept: see Transformer::save_pruned.
PrunedHeads prune_heads(Device& device, const Seq2SeqConfig& config, const Parameters& tensors,
                        const std::vector<uint32_t>& kept);

}  // namespace fovea
