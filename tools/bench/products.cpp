// Cases of products: gemm, attention with its gradient, the feed-forward network.
#include <cmath>

#include "cases.h"
#include "core/panels.h"
#include "ops/attention.h"

namespace fovea::bench {
namespace {

// (m, k) x (k, n); the weights lie in panels, as a model's do.
class Gemm : public Case {
 public:
  Gemm(Device& device, int64_t m, int64_t k, int64_t n)
      : Case("gemm", join({m, k, n}), product_work(double(m), double(k), double(n))),
        a_(random_state(device, {m, k}, 1)),
        b_(device, {k, n}, DType::f32, Layout::panels) {
    b_.write(pack_panels(random_values(uint64_t(k * n), 2, 1 / std::sqrt(float(k))), k, n, n, 1));
  }
  Tensor step(Graph& graph, Tensor previous) const override {
    // Where a plan repeats the product, the one before comes in as residual, so that two never overlap.
    return matmul(graph.use(a_), graph.use(b_), {.residual = previous});  // (m, n)
  }

 private:
  State a_, b_;
};

class AttentionCase : public Case {
 public:
  AttentionCase(Device& device, int64_t heads, int64_t tokens, int64_t keys, int64_t head_dim)
      : Case("attention",
             keys == tokens ? join({heads, tokens, head_dim}) : join({heads, tokens, keys, head_dim}),
             attention_work(double(heads), double(tokens), double(keys), double(head_dim))),
        q_(random_state(device, {1, tokens, heads, head_dim}, 1)),
        k_(random_state(device, {1, keys, heads, head_dim}, 2)),
        v_(random_state(device, {1, keys, heads, head_dim}, 3)) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    const auto by_head = [&](const State& x) { return permute(graph.use(x), {0, 2, 1, 3}); };
    const Tensor q = previous ? previous : by_head(q_);  // (1, heads, tokens, head_dim)
    return attention(q, by_head(k_), by_head(v_)).out;   // (1, heads, tokens, head_dim)
  }

 private:
  State q_, k_, v_;
};

// The gradients of q, k and v from what the forward pass kept: five products, as they are usually counted.
class AttentionGradCase : public Case {
 public:
  AttentionGradCase(Device& device, int64_t heads, int64_t tokens, int64_t head_dim)
      : Case("attention_grad", join({heads, tokens, head_dim}),
             {10.0 * double(heads * tokens) * double(tokens * head_dim),
              8 * kElementBytes * double(heads * tokens * head_dim)}),
        q_(random_state(device, {1, tokens, heads, head_dim}, 1)),
        k_(random_state(device, {1, tokens, heads, head_dim}, 2)),
        v_(random_state(device, {1, tokens, heads, head_dim}, 3)),
        out_(random_state(device, {1, tokens, heads, head_dim}, 4)),
        dout_(random_state(device, {1, tokens, heads, head_dim}, 5)),
        lse_(random_state(device, {1, heads, tokens}, 6)) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    const auto by_head = [](Tensor x) { return permute(x, {0, 2, 1, 3}); };
    const Tensor out = previous ? previous : graph.use(out_);  // (1, tokens, heads, head_dim)
    const std::vector<Tensor> made =
        attention_grad({.q = by_head(graph.use(q_)),
                        .k = by_head(graph.use(k_)),
                        .v = by_head(graph.use(v_)),
                        .out = out,
                        .lse = graph.use(lse_),
                        .options = {.scale = 1 / std::sqrt(float(q_.shape().back()))}},
                       graph.use(dout_));
    return by_head(made[1]);  // dk, of both kernels the last
  }

 private:
  State q_, k_, v_, out_, dout_, lse_;
};

Linear random_linear(Device& device, int64_t out, int64_t in, uint32_t seed) {
  return Linear(device, out, in, random_values(uint64_t(out * in), seed, 1 / std::sqrt(float(in))),
                random_values(uint64_t(out), seed + 1));
}

class FeedForwardCase : public Case {
 public:
  FeedForwardCase(Device& device, int64_t tokens, int64_t width, int64_t hidden)
      : Case("ffn", join({tokens, width, hidden}),
             feed_forward_work(double(tokens), double(width), double(hidden))),
        x_(random_state(device, {tokens, width}, 1)),
        network_(random_linear(device, hidden, width, 2), random_linear(device, width, hidden, 4),
                 Activation::gelu) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    const Tensor x = previous ? previous : graph.use(x_);  // (tokens, width)
    return network_(x, x);
  }

 private:
  State x_;
  FeedForward network_;
};

}  // namespace

std::unique_ptr<Case> make_gemm(Device& device, const Sizes& sizes) {
  return std::make_unique<Gemm>(device, sizes[0], sizes[1], sizes[2]);
}

std::unique_ptr<Case> make_attention(Device& device, const Sizes& sizes) {
  const int64_t keys = sizes.size() == 4 ? sizes[2] : sizes[1];
  return std::make_unique<AttentionCase>(device, sizes[0], sizes[1], keys, sizes.back());
}

std::unique_ptr<Case> make_attention_grad(Device& device, const Sizes& sizes) {
  return std::make_unique<AttentionGradCase>(device, sizes[0], sizes[1], sizes[2]);
}

std::unique_ptr<Case> make_feed_forward(Device& device, const Sizes& sizes) {
  return std::make_unique<FeedForwardCase>(device, sizes[0], sizes[1], sizes[2]);
}

}  // namespace fovea::bench
