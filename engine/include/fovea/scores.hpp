// Attention in its general form: normalise(score(query, keys)) values. A score says how well queries and keys
// fit, a normaliser turns scores into weights; any of the one goes with any of the other, in batches.
#pragma once

#include <optional>
#include <string>

#include "fovea/nn.hpp"

namespace fovea FOVEA_API {

// How well each query fits each key.
class Score {
 public:
  virtual ~Score() = default;
  // q: (batch, queries, q_width), k: (batch, keys, k_width) -> (batch, queries, keys)
  Tensor operator()(Tensor q, Tensor k) const { return of(q, memory(k)); }
  // In two parts, for keys that meet queries more than once: what there is to make of the keys alone,
  virtual Tensor memory(Tensor k) const { return k; }  // (batch, keys, ..)
  // and the scores of queries with it.
  virtual Tensor of(Tensor q, Tensor memory) const = 0;
  virtual void parameters(const std::string& /*name*/, Parameters& /*to*/) {}
  // The factor of q k^T where that is all there is: attend() can leave the rest to the fused op.
  virtual std::optional<float> dot_scale(int64_t /*width*/) const { return std::nullopt; }
};

// 1 for every pair: average pooling with softmax and proportion alike, the constant kernel.
class UniformScore : public Score {
 public:
  Tensor of(Tensor q, Tensor memory) const override;
};

// A kernel of the distance u = |q - k| / width, for the proportion normaliser (Nadaraya 1964, Watson 1964).
// Takes memory for (queries, keys, q_width).
class KernelScore : public Score {
 public:
  enum class Kind : uint8_t {
    gaussian,     // exp(-u^2 / 2)
    boxcar,       // 1 where u < 1, else 0
    epanechnikov  // max(1 - u, 0), as the textbook draws it
  };
  explicit KernelScore(Kind kind, float width = 1);
  Tensor of(Tensor q, Tensor memory) const override;

 private:
  Kind kind_;
  float width_;
};

// The logarithm of a Gaussian kernel: -(w |q - k|)^2 / 2, so softmax weighs as the kernel does; 1 / w is its
// width. w is 1, or learnt: one parameter, called as the score.
class DistanceScore : public Score {
 public:
  DistanceScore() = default;
  DistanceScore(Device& device, float w);
  Tensor of(Tensor q, Tensor memory) const override;
  void parameters(const std::string& name, Parameters& to) override;

 private:
  std::optional<State> w_;  // (1)
};

// q k^T - |k|^2 / 2: DistanceScore but for -|q|^2 / 2, which is the same for all keys of a query and leaves
// softmax and sparsemax as they are. Never takes memory for (queries, keys, width).
class KeyNormScore : public Score {
 public:
  Tensor of(Tensor q, Tensor memory) const override;
};

// q k^T, of queries and keys of one width; scaled: / sqrt(width) (Vaswani et al. 2017, section 3.2.1).
class DotScore : public Score {
 public:
  explicit DotScore(bool scaled = true) : scaled_(scaled) {}
  Tensor of(Tensor q, Tensor memory) const override;
  std::optional<float> dot_scale(int64_t width) const override;

 private:
  bool scaled_;
};

// Layers made fresh draw their weights evenly from -1 / sqrt(in) to 1 / sqrt(in), as PyTorch's Linear does by
// default; a seed gives the same numbers on every machine.
struct FreshScore {
  int64_t q_width = 0, k_width = 0;
  int64_t hidden = 0;  // of additive scores
  uint64_t seed = 1;
  Use use = Use::training;
};

// q W k^T, of widths that may differ (Luong et al. 2015, section 3.1, "general").
class BilinearScore : public Score {
 public:
  explicit BilinearScore(Linear keys) : keys_(std::move(keys)) {}  // k_width -> q_width, as W
  BilinearScore(Device& device, const FreshScore& fresh);
  Tensor memory(Tensor k) const override;  // (batch, keys, q_width)
  Tensor of(Tensor q, Tensor memory) const override;
  void parameters(const std::string& name, Parameters& to) override;  // name.keys

 private:
  Linear keys_;
};

// w^T tanh(W_q q + W_k k), of widths that may differ (Bahdanau et al. 2015, section A.1.2).
class AdditiveScore : public Score {
 public:
  AdditiveScore(Linear queries, Linear keys, State w);  // q_width -> hidden, k_width -> hidden, (hidden)
  AdditiveScore(Device& device, const FreshScore& fresh);
  Tensor memory(Tensor k) const override;  // (batch, keys, hidden)
  Tensor of(Tensor q, Tensor memory) const override;
  void parameters(const std::string& name, Parameters& to) override;  // name.queries, name.keys, name.w

 private:
  Linear queries_, keys_;
  State w_;
};

// How scores become weights, row by row. Keys from the length on get none, and are not read.
struct Normaliser {
  enum class Kind : uint8_t {
    softmax,
    proportion,  // s / sum(s), for kernels
    sparsemax,   // Martins and Astudillo 2016
    hard,        // all weight on the best key, the first of equals; no gradient of the scores
    sampled      // all weight on one key, drawn from the softmax; see Normalised::log_probs
  };
  Kind kind = Kind::softmax;
  Tensor lengths = {};  // (batch) or (batch, queries) u32: keys that are seen, in all heads
  // Where it is 0, a key is not seen: (queries, keys), or with all axes of the scores, each as theirs or 1.
  Tensor mask = {};
  // What a row that sees no key gets: zeros, or equal scores for all keys, as where a mask sets them to
  // -10000.
  bool uniform_if_empty = false;
  const State* generator = nullptr;  // of sampled, see draw()
};

struct Normalised {
  Tensor weights;    // as the scores
  Tensor log_probs;  // of sampled, a number for each row of weights: log of how likely the drawn key was
};
// scores: (batch, queries, keys), or of heads (batch, heads, queries, keys)
Normalised normalise(Tensor scores, const Normaliser& how = {});

struct AttendOptions {
  const Score& score;
  Normaliser normaliser = {};
  bool weights = false;  // also gives the weights; dot scores with softmax can do without them
  bool memory = false;   // k is what score.memory() made of the keys
  Dropout dropout = {};  // of the weights
};
struct Attended {
  Tensor out;        // (batch, queries, v_width)
  Tensor weights;    // (batch, queries, keys) before dropout, when asked for
  Tensor log_probs;  // as Normalised
};
// q: (batch, queries, q_width), k: (batch, keys, k_width), v: (batch, keys, v_width). All of them, and what
// is made of them, may have an axis of heads behind the batch; heads share the score's parameters.
Attended attend(Tensor q, Tensor k, Tensor v, const AttendOptions& options);

// Trains what draws (Normaliser::sampled) by the score-function estimator (Williams 1992) with a baseline, a
// moving mean of the losses, that takes most of its variance.
class ScoreFunction {
 public:
  explicit ScoreFunction(Device& device, float decay = 0.9f);  // of the moving mean, which begins at 0
  // losses (..) of what was drawn, log_probs (..) of drawing it -> (1): the mean loss, whose gradient is an
  // unbiased estimate of that of the expected loss.
  Tensor surrogate(Tensor losses, Tensor log_probs) const;
  // baseline <- decay baseline + (1 - decay) mean(losses), in place; behind the gradients. An output of the
  // plan.
  Tensor update(Tensor losses);
  float baseline() const;

 private:
  State baseline_;  // (1)
  float decay_;
};

}  // namespace fovea
