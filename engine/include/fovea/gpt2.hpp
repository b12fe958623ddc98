// GPT-2 (Radford et al. 2019): goes on with sequences of tokens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/decoding.hpp"
#include "fovea/files.hpp"
#include "fovea/nn.hpp"

namespace fovea FOVEA_API {

struct Gpt2Config {
  int64_t vocab = 0;
  int64_t width = 768, heads = 12, hidden = 3072, depth = 12;  // hidden: of the feed-forward network
  int64_t positions = 1024;                                    // tokens of a sequence at most
  Activation activation = Activation::gelu_tanh;
  float eps = 1e-5f;
  uint32_t eos = 0;
};

struct Continuation {
  std::vector<uint32_t> tokens;  // behind the prompt, with the end if it came
  std::vector<float> log_probs;  // of each
  double score = 0;              // their sum / length^penalty
};

class Gpt2 {
 public:
  // A Hugging Face directory of GPT2LMHeadModel or GPT2Model: config.json and model.safetensors. See Error
  // for what does not fit.
  Gpt2(Device& device, const ModelFiles& files, const LoadOptions& load = {});
  ~Gpt2();
  Gpt2(Gpt2&&) noexcept;

  const Gpt2Config& config() const;

  // What comes behind each token of whole sequences: ids (batch, tokens) u32 -> logits (batch, tokens, vocab)
  Tensor operator()(Tensor ids) const;
  // How each prompt, ids of at least one token, goes on: decoding.n_best continuations, best first.
  std::vector<std::vector<Continuation>> generate(const std::vector<std::vector<uint32_t>>& prompts,
                                                  const Decoding& decoding = {});
  void trim();  // gives back the plans and caches kept; later calls make theirs anew

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
