// An encoder-decoder Transformer as host memory, in one form for all the formats that it is loaded from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fovea/stacks.hpp"
#include "fovea/translator.hpp"

namespace fovea {

struct Seq2SeqConfig {
  int64_t width = 0;
  int64_t encoder_heads = 0, decoder_heads = 0;
  int64_t source_vocab = 0, target_vocab = 0;
  int64_t positions = 0;  // tokens of a source or target at most
  float eps = 1e-5f;
  float embedding_scale = 1;  // of what the file holds; StackWeights::embedding is scaled
  Activation activation = Activation::relu;
  NormPlace place = NormPlace::before;
  uint32_t start = 0;  // what the decoder reads first
  uint32_t eos = 0;
  std::string unknown = "<unk>";  // the token of unknown words
  uint32_t pad = 0;
  bool source_bos = false, source_eos = false;  // added around the source's tokens
  uint32_t source_bos_id = 0, source_eos_id = 0;
};

// Rows of W as (out, in); bias (out) or empty.
struct LinearWeights {
  int64_t out = 0, in = 0;
  std::vector<float> weight, bias;
};
struct NormWeights {
  std::vector<float> gain, shift;  // (width)
};
struct LayerWeights {
  NormWeights attention_norm;
  LinearWeights qkv, out;  // width -> 3 width, width -> width
  struct Cross {
    NormWeights norm;
    LinearWeights q, kv, out;
  };
  std::optional<Cross> cross;  // of a decoder
  struct Relative {
    int64_t reach;
    std::vector<float> table;  // (2, 2 reach + 1, head_dim)
  };
  std::optional<Relative> relative;  // positions of self-attention
  NormWeights feed_forward_norm;
  LinearWeights up, down;
};
// An encoder or a decoder.
struct StackWeights {
  std::vector<float> embedding;  // (vocab, width), scaled as the model asks
  std::vector<float> positions;  // (positions, width)
  std::optional<NormWeights> embedding_norm;
  std::vector<LayerWeights> layers;
  std::optional<NormWeights> last;
};
struct Seq2SeqWeights {
  Seq2SeqConfig config;
  Decoding decoding;  // the settings the model comes with
  StackWeights encoder, decoder;
  LinearWeights projection;                               // width -> target vocabulary
  std::vector<std::string> source_tokens, target_tokens;  // by id; empty where vocab.json holds them
};

LinearWeights stacked(const std::vector<LinearWeights>& parts);  // one over the other: Q, K, V as one product

// A CTranslate2 directory: model.bin, vocabularies, config.json when present.
Seq2SeqWeights load_ctranslate2(const std::filesystem::path& directory);
// A Hugging Face directory of MarianMTModel or BartForConditionalGeneration: config.json, model.safetensors.
Seq2SeqWeights load_marian_or_bart(const std::filesystem::path& directory);

}  // namespace fovea
