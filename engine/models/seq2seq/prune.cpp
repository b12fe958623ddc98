// A Transformer without some of its heads.
#include "models/seq2seq/prune.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "models/seq2seq/network.h"

namespace fovea {
namespace {

// The parts of `size` whose flags are set, of a vector of `copies` times as many parts as flags.
std::vector<float> kept_parts(const std::vector<float>& all, const std::vector<uint32_t>& flags,
                              size_t copies) {
  const size_t size = all.size() / (copies * flags.size());
  std::vector<float> kept;
  for (size_t part = 0; part < copies * flags.size(); ++part)
    if (flags[part % flags.size()])
      kept.insert(kept.end(), all.begin() + int64_t(part * size), all.begin() + int64_t((part + 1) * size));
  return kept;
}

// Of one attention.
struct Pruning {
  std::string name;             // in the network
  std::vector<uint32_t> flags;  // (heads)
};

std::vector<Pruning> attentions_of(const Seq2SeqConfig& config, const std::vector<uint32_t>& kept) {
  const int64_t heads = config.encoder.heads;
  std::vector<Pruning> all;
  const auto add = [&](const std::string& name) {
    const auto from = kept.begin() + int64_t(all.size()) * heads;
    all.push_back({name, {from, from + heads}});
  };
  for (int64_t i = 0; i < config.encoder.layers; ++i) add(concat("model.encoder.layers.", i, ".attention"));
  for (int64_t i = 0; i < config.decoder.layers; ++i)
    for (const char* part : {".attention", ".cross"}) add(concat("model.decoder.layers.", i, part));
  return all;
}

// What is left of a parameter of the attention: rows of what makes heads, columns of the output.
State pruned(Device& device, const Parameter& of, const Pruning& attention) {
  const std::string part = of.name.substr(attention.name.size());
  const std::vector<float> all = of.state->read();
  const Shape& shape = of.state->shape();
  const bool columns = part == ".out.weight";  // each row is parts of all heads
  const int64_t copies = columns ? shape[0] : part.starts_with(".qkv") ? 3 : part.starts_with(".kv") ? 2 : 1;
  const std::vector<float> left = kept_parts(all, attention.flags, size_t(copies));
  const int axis = columns ? 1 : 0;
  const int64_t others = int64_t(all.size()) / shape[axis];
  State state(device, shape.with(axis, int64_t(left.size()) / others));
  state.write(left);
  return state;
}

}  // namespace

PrunedHeads prune_heads(Device& device, const Seq2SeqConfig& config, const Parameters& tensors,
                        const std::vector<uint32_t>& kept) {
  const size_t count = size_t(config.encoder.layers + 2 * config.decoder.layers);
  FOVEA_CHECK(kept.size() == count * size_t(config.encoder.heads), "prune: flags of ", kept.size(),
              " heads, the model has ", count, " attentions of ", config.encoder.heads);
  FOVEA_CHECK(config.kept_heads.empty(), "prune: the model was pruned before");
  PrunedHeads made{.tensors = tensors};
  for (const Pruning& attention : attentions_of(config, kept)) {
    const int64_t left = std::accumulate(attention.flags.begin(), attention.flags.end(), int64_t(0));
    FOVEA_CHECK(left >= 1 && std::ranges::max(attention.flags) <= 1, "prune: ", attention.name, " keeps ",
                left, " heads of ", attention.flags.size(), ", needs 1 at least");
    made.kept_heads.push_back(left);
    for (Parameter& tensor : made.tensors) {
      const std::string& name = tensor.name;
      if (!name.starts_with(attention.name + ".") || name.ends_with(".out.bias") ||
          name.ends_with(".additive"))
        continue;
      made.states.push_back(pruned(device, tensor, attention));
      tensor.state = &made.states.back();
    }
  }
  return made;
}

}  // namespace fovea
