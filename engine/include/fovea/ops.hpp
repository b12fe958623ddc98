// Every op in one line: signature, then shapes or formula. All ops add nodes to the graph of their operands;
// shapes that do not fit are an Error that names the op and both sides. Arithmetic is fp32.
#pragma once

#include <array>
#include <vector>

#include "fovea/activation.hpp"
#include "fovea/graph.hpp"

namespace fovea FOVEA_API {

struct SoftmaxOptions {
  float scale = 1;
  // (batch) u32, or (batch, m) for x (batch, .., m, n): columns >= the length get weight 0; length 0 gives a
  // row of zeros.
  Tensor lengths = {};
  bool causal = false;  // of (.., queries, n): query i sees columns j <= i + n - queries
};
struct LayerNormOptions {
  float eps = 1e-5f;
  Tensor residual = {};  // as x: normalises x + residual
};
struct MatmulOptions {
  Tensor bias = {};  // (n)
  Activation activation = Activation::none;
  Tensor residual = {};  // (.., m, n), added last
};
struct AttentionOptions {
  float scale = 0;      // of q k^T; 0 means 1 / sqrt(head_dim)
  bool causal = false;  // query i sees keys j <= i + keys - tokens
  Tensor lengths = {};  // (batch) u32: keys >= lengths[batch] are not seen
  Tensor bias = {};     // (batch | 1, heads | 1, tokens | 1, keys), added to scaled scores
};
struct Attention {
  Tensor out;  // (batch, heads, tokens, head_dim), stored as (batch, tokens, heads, head_dim)
  // (batch, heads, tokens): log of the sum of exponentials; what attention_weights and gradients need.
  Tensor lse;
};
struct RotaryOptions {
  int64_t first = 0;  // place of the first token
  // (1) u32: added to all places, known only when it runs, below `steps`; NaN from there on.
  Tensor step = {};
  int64_t steps = 1;
  double base = 10000;  // of the frequencies
  bool back = false;    // turns the other way
};
struct HeadsAndRows {
  int64_t head = 0, heads = -1;  // first head, how many; -1: the rest
  int64_t row = 0, rows = -1;    // first query, how many
  // (1) u32: added to row, known only when it runs, with rows given; NaN behind the last query.
  Tensor at = {};
};
using Pixels = std::array<int64_t, 2>;  // down, across
struct Conv2dOptions {
  Tensor bias = {};                                    // (out)
  Pixels stride{1, 1}, padding{0, 0}, dilation{1, 1};  // padding: zeros on all sides
  int64_t groups = 1;                                  // that share out the channels
  Activation activation = Activation::none;
};
struct Pool2dOptions {
  Pixels kernel{2, 2};
  Pixels stride{0, 0};         // 0: as the kernel
  Pixels padding{0, 0};        // at most half of the kernel
  bool counts_padding = true;  // of avg_pool2d: the mean counts the zeros on the sides
};
struct BatchNormOptions {
  float eps = 1e-5f;
  // (channels) each, as learnt before: normalises by them instead of by the batch's own. They have gradients.
  Tensor mean = {}, variance = {};
  // (channels) each: go towards the batch's, in place, whenever it runs: s + momentum (s of the batch - s).
  // Theirs is the variance of a sample, divided by one less than it counts. Both or none.
  State *running_mean = nullptr, *running_variance = nullptr;
  float momentum = 0.1f;
};
struct TopK {
  Tensor values;   // (.., k) in falling order; equal values keep the order of their index
  Tensor indices;  // (.., k) u32
};
struct CrossEntropyOptions {
  float smoothing = 0;          // share of the target that is spread over the vocabulary
  uint32_t ignored = kIgnored;  // rows with this id are not counted
};
struct CrossEntropy {
  Tensor loss;   // (1): mean over the counted rows, 0 if there are none; the one with a gradient
  Tensor rows;   // (..): of each row; 0 where it is not counted
  Tensor count;  // (1): how many rows are counted
};

// Functions of one operand, elementwise. NaN stays NaN.
Tensor scale(Tensor x, float factor);  // factor * x
Tensor abs(Tensor x);                  // |x|
Tensor exp(Tensor x);                  // e^x
Tensor expm1(Tensor x);                // e^x - 1, with all its digits where x is small
Tensor gelu(Tensor x);                 // x/2 (1 + erf(x/sqrt 2)), Hendrycks and Gimpel 2016, eq. 1
Tensor gelu_tanh(Tensor x);            // x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the same, section 2
Tensor hard_sigmoid(Tensor x);         // 0 up to -3, 1 from 3, x/6 + 1/2 between
Tensor hard_swish(Tensor x);           // x hard_sigmoid(x), Howard et al. 2019, section 5.2
Tensor hard_tanh(Tensor x);            // x kept within -1 .. 1
Tensor log(Tensor x);                  // natural; -infinity at 0, NaN below
Tensor quick_gelu(Tensor x);           // x sigmoid(1.702 x), Hendrycks and Gimpel 2016, section 2
Tensor relu(Tensor x);                 // max(x, 0)
Tensor sigmoid(Tensor x);              // 1 / (1 + exp(-x))
Tensor silu(Tensor x);                 // x sigmoid(x)
Tensor sqrt(Tensor x);                 // NaN below 0
Tensor square(Tensor x);               // x^2
Tensor tanh(Tensor x);                 // (e^x - e^-x) / (e^x + e^-x)
Tensor activate(Tensor x, Activation activation);  // the one of these that it names; x itself for none

// Functions of two operands, elementwise. Axes are aligned at the back; extent 1, or an axis missing in
// front, repeats. Comparisons give 1 or 0 and have no gradient; with NaN all but not_equal give 0.
Tensor add(Tensor a, Tensor b);
Tensor sub(Tensor a, Tensor b);  // a - b
Tensor mul(Tensor a, Tensor b);
Tensor div(Tensor a, Tensor b);      // a / b
Tensor maximum(Tensor a, Tensor b);  // NaN where either is; equals share the gradient
Tensor minimum(Tensor a, Tensor b);
Tensor less(Tensor a, Tensor b);           // a < b
Tensor less_equal(Tensor a, Tensor b);     // a <= b
Tensor greater(Tensor a, Tensor b);        // a > b
Tensor greater_equal(Tensor a, Tensor b);  // a >= b
Tensor equal(Tensor a, Tensor b);
Tensor not_equal(Tensor a, Tensor b);
Tensor where(Tensor condition, Tensor a, Tensor b);  // a where condition is not 0, else b; all broadcast

// Randomness. A generator is a State of 4 u32: the seed and the step, 64 bits each, lower word first. What is
// drawn depends on them and on the place in the graph alone: the same on every device.
Tensor dropout(Tensor x, float rate, const State& generator);  // 0 with probability rate, else x / (1 - rate)
// (.., n) -> (..) u32: column c with probability weights[c] / sum(weights); n where all are 0. No gradient.
Tensor draw(Tensor weights, const State& generator);
// step <- step + 1, in place; behind all that draws, its gradients included.
Tensor advance(Graph& graph, State& generator);

// Rows, along the last axis.
Tensor softmax(Tensor x, const SoftmaxOptions& options = {});  // exp(scale*x) / sum(exp(scale*x))
// The nearest point to x whose elements are weights: max(x - t, 0), t such that they sum to 1 (Martins and
// Astudillo 2016, algorithm 1). lengths: as of softmax.
Tensor sparsemax(Tensor x, Tensor lengths = {});
Tensor log_softmax(Tensor x);           // x - log(sum(exp(x)))
Tensor log_prob(Tensor x, Tensor ids);  // (.., n), (..) u32 -> (..): log_softmax(x)[id]; NaN where id >= n
// (.., vocab), (..) u32: -log(softmax(logits)[id]), NaN where id >= vocab.
CrossEntropy cross_entropy(Tensor logits, Tensor ids, const CrossEntropyOptions& options = {});
// (x - mean) / sqrt(variance + eps) * weight + bias (Ba et al. 2016) over the axes that weight and bias have,
// the last ones of x: (n), or several.
Tensor layer_norm(Tensor x, Tensor weight, Tensor bias, const LayerNormOptions& options = {});
Tensor argmax(Tensor x);          // (.., n) -> (..) u32, the first of equals
TopK top_k(Tensor x, int64_t k);  // (.., n) -> (.., k), k <= n
// (..) u32 -> (.., n): 1 in column id, 0 elsewhere; all 0 where id >= n
Tensor one_hot(Tensor ids, int64_t n);
Tensor sum(Tensor x, int axis = -1);   // (.., n, ..) -> (.., 1, ..)
Tensor mean(Tensor x, int axis = -1);  // (.., n, ..) -> (.., 1, ..)
Tensor(max)(Tensor x, int axis = -1);  // (.., n, ..) -> (.., 1, ..); its gradient goes to the first of equals

// Products.
// (.., m, k) x (.., k, n) -> (.., m, n)
Tensor matmul(Tensor a, Tensor b, const MatmulOptions& options = {});
Tensor pack(Tensor b);  // (.., k, n) into the panels matmul reads
// softmax(scale q k^T + bias) v
Attention attention(Tensor q, Tensor k, Tensor v, const AttentionOptions& options = {});
// x (.., tokens, n), n even: of the token at place t, x[2i], x[2i + 1] turned by the angle t base^(-2i / n),
// so that products of two depend on how far apart they are (Su et al. 2021, equation 34).
Tensor rotary(Tensor x, const RotaryOptions& options = {});
// Of chosen heads and queries: -> (batch, heads, rows, keys).
Tensor attention_weights(Tensor q, Tensor k, Tensor lse, const HeadsAndRows& which = {},
                         const AttentionOptions& options = {});
// (batch, queries, hidden), (batch, keys, hidden), (hidden) -> (batch, queries, keys): the scores
// sum_h w[h] tanh(q[h] + k[h]) of Bahdanau et al. 2015, section A.1.2, of projected queries and keys.
Tensor additive_scores(Tensor q, Tensor k, Tensor w);

// Images: (batch, channels, h, w).
// x (batch, in, h, w), weight (out, in / groups, kernel) -> (batch, out, h', w'): the sum of a window's
// pixels times the weight; h' = (h + 2 padding - dilation (kernel - 1) - 1) / stride + 1.
Tensor conv2d(Tensor x, Tensor weight, const Conv2dOptions& options = {});
// The largest of each window (the first of equals gets the gradient), and the mean.
Tensor max_pool2d(Tensor x, const Pool2dOptions& options = {});
Tensor avg_pool2d(Tensor x, const Pool2dOptions& options = {});
// x (batch, channels, ..): (x - mean) / sqrt(variance + eps) * weight + bias, of each channel (Ioffe and
// Szegedy 2015); weight, bias: (channels).
Tensor batch_norm(Tensor x, Tensor weight, Tensor bias, const BatchNormOptions& options = {});

// Views: no work, no copy. Ops that need rows without gaps insert contiguous() themselves.
Tensor reshape(Tensor x, const Shape& shape);                    // same elements in row order
Tensor permute(Tensor x, const std::vector<int>& axes);          // y.shape[i] = x.shape[axes[i]]
Tensor transpose(Tensor x);                                      // the last two axes swapped
Tensor slice(Tensor x, int axis, int64_t start, int64_t count);  // count extents of one axis
Tensor expand(Tensor x, const Shape& shape);  // axes of extent 1, or missing in front, repeated
Tensor detach(Tensor x);                      // x as a constant: gradients end here

// Copies.
Tensor fill(Graph& graph, const Shape& shape, float value);     // one value everywhere
Tensor contiguous(Tensor x);                                    // x itself when it has no gaps
Tensor concat(const std::vector<Tensor>& parts, int axis);      // along one axis
Tensor pad(Tensor x, int axis, int64_t before, int64_t after);  // zeros in front and behind, along one axis
Tensor embedding(Tensor table, Tensor ids);                     // (vocab, width), (..) u32 -> (.., width)
Tensor patches(Tensor image, int64_t patch);  // (batch, channels, h, w) -> (batch, h/p * w/p, channels*p*p)
Tensor assign(State& state, Tensor x);        // state <- x, in place

}  // namespace fovea
