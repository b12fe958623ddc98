// An encoder-decoder Transformer as it lies in a directory, whatever the format.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/decoding.hpp"
#include "fovea/stacks.hpp"
#include "io/file.h"
#include "io/tensor_file.h"
#include "models/tensor_table.h"

namespace fovea {

struct Seq2SeqConfig {
  struct Side {
    int64_t layers = 0, heads = 0, hidden = 0, vocab = 0;
    bool own_tokens = false;       // a table of tokens of its own, else both sides share one
    bool numbered_tokens = false;  // which CTranslate2 calls embeddings_0
    float scale = 1;               // of its rows
    int64_t learned = 0;           // rows of a table of positions; 0: none
    bool embedding_norm = false, last_norm = false;
  };
  Side encoder, decoder;
  int64_t width = 0;
  int64_t positions = 0;        // tokens of a source or target at most
  int64_t skipped = 0;          // rows of tables of positions in front of position 0
  Sinusoids sinusoids;          // where no positions are learned
  int64_t reach = 0;            // of relative positions; 0: others
  bool own_projection = false;  // a table for the output, else it is the decoder's of tokens, not scaled
  float eps = 1e-5f;
  Activation activation = Activation::relu;
  NormPlace place = NormPlace::before;
  bool attention_bias = true;  // of a fresh model's projections
  bool additive = false;       // attention compares by additive scores
  // Heads of each attention that are not pruned: those of the encoder's layers, then of each decoder layer
  // that to its own tokens and that to the source; empty: all.
  std::vector<int64_t> kept_heads = {};
  uint32_t start = 0;  // what the decoder reads first
  uint32_t eos = 0;
  std::string unknown = "<unk>";  // the token of unknown words
  uint32_t pad = 0;
  bool source_bos = false, source_eos = false;  // added around the source's tokens
  uint32_t source_bos_id = 0, source_eos_id = 0;
};

// Heads of layer `layer` of a side; cross: of the decoder's attention to the source.
int64_t heads_of(const Seq2SeqConfig& config, const std::string& side, int64_t layer, bool cross = false);

enum class Seq2SeqFormat : uint8_t { hugging_face, ctranslate2 };

// What the format calls a part of a side ("encoder" or "decoder"), or of one of its layers: the names whose
// rows are the part's in turn; none where the format has no such part.
std::vector<std::string> names_in_file(Seq2SeqFormat format, const std::string& side, const std::string& part,
                                       int64_t layer = -1);
// The network's tensors in a file of that format.
TensorTable seq2seq_table(const Seq2SeqConfig& config, Seq2SeqFormat format);

struct Seq2SeqFile {
  Seq2SeqFormat format = Seq2SeqFormat::hugging_face;
  Seq2SeqConfig config;
  Decoding decoding;  // the settings the model comes with
  std::unique_ptr<TensorFile> tensors;
  std::string settings, type;  // of Hugging Face: the file of settings, and its model_type
  std::vector<std::string> source_tokens, target_tokens;  // by id; empty where vocab.json holds them
};
// Those of CTranslate2: vocabularies, config.json when present; model: its model.bin.
Seq2SeqFile load_ctranslate2(const ModelFiles& files, File model);
// Those of Hugging Face, of MarianMTModel or BartForConditionalGeneration, or of a "transformer" as
// transformer.hpp writes it: config.json, model.safetensors, generation_config.json when present.
Seq2SeqFile load_hugging_face(const ModelFiles& files);

}  // namespace fovea
