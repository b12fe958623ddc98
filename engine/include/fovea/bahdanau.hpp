// Recurrent encoder-decoder with attention (Bahdanau et al. 2015), in the form of Zhang et al., Dive into
// Deep Learning, "Bahdanau Attention": the decoder's last state asks, what the encoder gave at each step
// answers, and the answer, in front of the embedded token, is what the decoder reads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/decoding.hpp"
#include "fovea/files.hpp"
#include "fovea/rnn.hpp"

namespace fovea FOVEA_API {

// How the decoder's state is compared with the encoder's, see scores.hpp.
enum class BahdanauScore : uint8_t { dot, scaled, bilinear, additive };
const char* name(BahdanauScore score);
BahdanauScore bahdanau_score(const std::string& name);  // Error: no such score

struct BahdanauConfig {
  int64_t source_vocab = 0, target_vocab = 0;
  int64_t embedding = 32, width = 32, layers = 2;  // of encoder and decoder alike; width: of a state
  Cell cell = Cell::gru;
  BahdanauScore score = BahdanauScore::additive;
  int64_t positions = 256;               // tokens of a source or target at most
  uint32_t pad = 1, start = 2, end = 3;  // start: what the decoder reads first
};

// Writes config.json and model.safetensors of a model that has learnt nothing yet: matrices as Glorot and
// Bengio 2010, biases uniform as PyTorch begins, embeddings normal. Error: what could not be loaded.
void write_fresh_bahdanau(const std::string& directory, const BahdanauConfig& config, uint64_t seed);

struct BahdanauTarget {
  std::vector<uint32_t> tokens;               // with the end, if it came
  std::vector<float> log_probs;               // of each
  double score = 0;                           // their sum / length^penalty
  std::vector<std::vector<float>> attention;  // (tokens, source tokens), when asked for
};

class Bahdanau {
 public:
  // A directory of write_fresh_bahdanau() or save(). See Error for what does not fit.
  Bahdanau(Device& device, const ModelFiles& files, Use use = Use::inference, const LoadOptions& load = {});
  ~Bahdanau();
  Bahdanau(Bahdanau&&) noexcept;

  const BahdanauConfig& config() const;

  struct Encoded {
    Tensor out;      // (batch, keys, width), zeros behind a source's end
    RnnState state;  // when all of a source is read: what the decoder begins with
  };
  // source: (batch, keys) u32, lengths: (batch) u32
  Encoded encode(Tensor source, Tensor lengths, const Dropout& dropout = {}) const;

  struct Result {
    Tensor logits;   // (batch, steps, target_vocab)
    Tensor weights;  // (batch, steps, keys) when asked for
    RnnState state;  // of the decoder behind the last step
  };
  struct Options {
    Dropout dropout = {};  // between the layers of both networks, and of the attention's weights
    bool weights = false;
  };
  // What the decoder says after each of its inputs, (batch, steps) u32 that begin with `start`.
  Result operator()(Tensor source, Tensor lengths, Tensor inputs, const Options& options) const;

  // Ids of each source to its targets, decoding.n_best of them, best first.
  std::vector<std::vector<BahdanauTarget>> translate(const std::vector<std::vector<uint32_t>>& sources,
                                                     const Decoding& decoding = {}, bool attention = false);
  void trim();  // gives back the plans and caches kept; later calls make theirs anew

  // Named as in the file. Of a model for training.
  Parameters parameters();
  void save(const std::string& directory, Storage storage = Storage::f32);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
