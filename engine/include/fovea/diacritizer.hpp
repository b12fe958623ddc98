// Vowel signs of Arabic text: a bidirectional LSTM over characters with additive self-attention (Bahdanau et
// al. 2015, section A.1.2, every place asking all places) and a class for each character.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/files.hpp"
#include "fovea/rnn.hpp"

namespace fovea FOVEA_API {

struct DiacritizerConfig {
  std::vector<std::string> tokens;  // characters by id; "<UNK>" stands for all others
  std::vector<std::string> labels;  // what comes behind a character, by class
  int64_t embedding = 128;
  int64_t width = 256, layers = 3;  // of the LSTM, width in each direction
  int64_t hidden = 512;             // of the attention
};

struct Diacritized {
  std::string text;                     // each character of the line with its sign
  std::vector<std::string> characters;  // of the line
  std::vector<float> hidden;            // (characters, 2 width), of the LSTM
  std::vector<float> weights;           // (characters, characters), of the attention
  std::vector<float> logits;            // (characters, labels)
};

class Diacritizer {
 public:
  // vocabulary.json ("tokens", "labels") and model.safetensors by PyTorch's names:
  // embedding, lstm, attention.W, attention.U, attention.v, classifier. Sizes are those of the tensors. See
  // Error for what does not fit.
  Diacritizer(Device& device, const ModelFiles& files, const LoadOptions& load = {});
  ~Diacritizer();
  Diacritizer(Diacritizer&&) noexcept;

  const DiacritizerConfig& config() const;

  struct Result {
    Tensor hidden;   // (batch, tokens, 2 width)
    Tensor weights;  // (batch, tokens, tokens)
    Tensor logits;   // (batch, tokens, labels)
  };
  // ids: (batch, tokens) u32, lengths: (batch) u32; rows behind a length mean nothing.
  Result operator()(Tensor ids, Tensor lengths) const;
  std::vector<uint32_t> encode(const std::string& line) const;  // Error: not UTF-8

  Diacritized run(const std::string& line);  // Error: an empty line
  void trim();                               // gives back the plans kept; later runs make theirs anew

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
