#include "cases.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/check.h"
#include "core/panels.h"
#include "core/random.h"
#include "ops/attention.h"

namespace fovea::bench {
namespace {

Work product_work(double m, double k, double n, double count = 1) {
  return Work{2 * m * k * n, kElementBytes * (m * k + k * n + m * n)} * count;
}

Work attention_work(double heads, double tokens, double keys, double head_dim) {
  return Work{4 * tokens * keys * head_dim, kElementBytes * (2 * tokens + 2 * keys) * head_dim} * heads;
}

// Mean, centred squares, and the affine end: 8 operations an element.
Work layer_norm_work(double rows, double columns) {
  return {8 * rows * columns, kElementBytes * (2 * rows * columns + 2 * columns)};
}

Work feed_forward_work(double tokens, double width, double hidden) {
  return product_work(tokens, width, hidden) + product_work(tokens, hidden, width);
}

// Products only, as the FLOPs of a model are usually counted; the bytes are those of its products and norms.
Work vit_work(const ViTConfig& config) {
  const double tokens = double(config.tokens()), width = double(config.embedding);
  const double patches = tokens - (config.distillation ? 2 : 1);
  const Work norm{0, layer_norm_work(tokens, width).bytes};
  const Work layer = norm * 2 + product_work(tokens, width, 3 * width) +
                     attention_work(double(config.heads), tokens, tokens, width / double(config.heads)) +
                     product_work(tokens, width, width) +
                     feed_forward_work(tokens, width, double(config.hidden));
  return product_work(patches, double(config.channels * config.patch * config.patch), width) +
         layer * double(config.depth) + norm +
         product_work(1, width, double(config.labels.size()), config.distillation ? 2 : 1);
}

std::string join(const std::vector<int64_t>& sizes) {
  std::string text;
  for (int64_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

State random_state(Device& device, const Shape& shape, uint32_t seed) {
  State state(device, shape);
  state.write(random_values(shape.elements(), seed));
  return state;
}

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

class LayerNormCase : public Case {
 public:
  LayerNormCase(Device& device, int64_t rows, int64_t columns)
      : Case("layer_norm", join({rows, columns}), layer_norm_work(double(rows), double(columns))),
        x_(random_state(device, {rows, columns}, 1)),
        norm_(device, random_values(uint64_t(columns), 2), random_values(uint64_t(columns), 3), 1e-5f) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    return norm_(previous ? previous : graph.use(x_));  // (rows, columns)
  }

 private:
  State x_;
  LayerNorm norm_;
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

// Copies count what they read and what they write.
Work copy_work(double elements) { return {0, 2 * kElementBytes * elements}; }

// Heads to the front: (batch, tokens, heads, head_dim) to (batch, heads, tokens, head_dim).
class PermuteCase : public Case {
 public:
  PermuteCase(Device& device, const std::vector<int64_t>& sizes)
      : Case("permute", join(sizes), copy_work(double(Shape(sizes).elements()))),
        x_(random_state(device, Shape(sizes), 1)) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    const Tensor x = previous ? reshape(previous, x_.shape()) : graph.use(x_);
    return contiguous(permute(x, {0, 2, 1, 3}));  // (batch, heads, tokens, head_dim)
  }

 private:
  State x_;
};

// Three parts of (rows, columns) become (rows, 3 columns).
class ConcatCase : public Case {
 public:
  ConcatCase(Device& device, int64_t rows, int64_t columns)
      : Case("concat", join({rows, columns}), copy_work(3.0 * double(rows * columns))),
        rows_(rows),
        columns_(columns),
        x_(random_state(device, {3 * rows, columns}, 1)) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    const Tensor x = previous ? reshape(previous, x_.shape()) : graph.use(x_);
    return concat({slice(x, 0, 0, rows_), slice(x, 0, rows_, rows_), slice(x, 0, 2 * rows_, rows_)}, 1);
  }

 private:
  int64_t rows_, columns_;
  State x_;
};

// (rows, columns) to (columns, rows)
class TransposeCase : public Case {
 public:
  TransposeCase(Device& device, int64_t rows, int64_t columns)
      : Case("transpose", join({rows, columns}), copy_work(double(rows * columns))),
        x_(random_state(device, {rows, columns}, 1)) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    return contiguous(transpose(previous ? reshape(previous, x_.shape()) : graph.use(x_)));
  }

 private:
  State x_;
};

// The whole forward pass, batch 1.
class VitCase : public Case {
 public:
  VitCase(Device& device, VisionTransformer model)
      : Case("vit", join(pixels_of(model.config())), vit_work(model.config())),
        model_(std::move(model)),
        pixels_(random_state(device, Shape(pixels_of(model_.config())), 1)) {}
  Tensor step(Graph& graph, Tensor) const override {
    const ViTTensors made = model_(graph.use(pixels_));
    return made.logits ? made.logits : made.embedding;
  }
  bool repeats() const override { return false; }

 private:
  static std::vector<int64_t> pixels_of(const ViTConfig& config) {
    return {1, config.channels, config.height, config.width};
  }

  VisionTransformer model_;
  State pixels_;
};

struct Usage {
  const char *name, *shape;
  std::vector<size_t> counts;  // how many sizes it takes
};
const std::vector<Usage> kUsages = {
    {"gemm", "MxKxN", {3}},
    {"attention", "HEADSxTOKENS[xKEYS]xHEAD_DIM, HEAD_DIM a multiple of 4 up to 256", {3, 4}},
    {"attention_grad", "HEADSxTOKENSxHEAD_DIM, HEAD_DIM a multiple of 4 up to 256", {3}},
    {"layer_norm", "ROWSxCOLUMNS", {2}},
    {"ffn", "TOKENSxWIDTHxHIDDEN", {3}},
    {"permute", "BATCHxTOKENSxHEADSxHEAD_DIM", {4}},
    {"concat", "ROWSxCOLUMNS", {2}},
    {"transpose", "ROWSxCOLUMNS", {2}}};

const Usage* usage_of(const std::string& name) {
  const auto at =
      std::find_if(kUsages.begin(), kUsages.end(), [&](const Usage& usage) { return name == usage.name; });
  return at == kUsages.end() ? nullptr : &*at;
}

}  // namespace

std::vector<float> random_values(uint64_t count, uint32_t seed, float scale) {
  uint64_t state = seed;
  std::vector<float> values(count);
  for (float& value : values) {
    const uint64_t bits = next_bits(state);
    const float size = scale * (0.05f + 0.95f * float(bits >> 40) * 0x1p-24f);
    value = bits & 1 ? size : -size;
  }
  return values;
}

const char* shape_usage(const std::string& name) {
  const Usage* usage = usage_of(name);
  return usage ? usage->shape : nullptr;
}

std::optional<std::vector<int64_t>> parse_shape(const std::string& name, const std::string& text) {
  constexpr int64_t kMost = 1 << 24;
  const Usage* usage = usage_of(name);
  std::vector<int64_t> sizes;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;; ++at) {
    int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || size > kMost) return std::nullopt;
    sizes.push_back(size);
    at = next;
    if (at == end) break;
    if (*at != 'x') return std::nullopt;
  }
  if (!usage || std::find(usage->counts.begin(), usage->counts.end(), sizes.size()) == usage->counts.end())
    return std::nullopt;
  if (name.starts_with("attention") && (sizes.back() % 4 != 0 || sizes.back() > 256)) return std::nullopt;
  return sizes;
}

std::vector<Ask> standard_cases(const std::string& name) {
  const std::vector<Ask> all = {{"gemm", {1024, 1024, 1024}},      {"gemm", {197, 768, 3072}},
                                {"gemm", {197, 3072, 768}},        {"attention", {12, 197, 64}},
                                {"attention_grad", {12, 197, 64}}, {"layer_norm", {197, 768}},
                                {"ffn", {197, 768, 3072}},         {"permute", {256, 16, 6, 32}},
                                {"concat", {4096, 192}},           {"transpose", {1024, 1024}}};
  std::vector<Ask> result;
  for (const Ask& ask : all)
    if (ask.name == name) result.push_back(ask);
  return result;
}

std::unique_ptr<Case> make_case(Device& device, const Ask& ask) {
  const std::vector<int64_t>& sizes = ask.sizes;
  if (ask.name == "gemm") return std::make_unique<Gemm>(device, sizes[0], sizes[1], sizes[2]);
  if (ask.name == "layer_norm") return std::make_unique<LayerNormCase>(device, sizes[0], sizes[1]);
  if (ask.name == "ffn") return std::make_unique<FeedForwardCase>(device, sizes[0], sizes[1], sizes[2]);
  if (ask.name == "permute") return std::make_unique<PermuteCase>(device, sizes);
  if (ask.name == "concat") return std::make_unique<ConcatCase>(device, sizes[0], sizes[1]);
  if (ask.name == "transpose") return std::make_unique<TransposeCase>(device, sizes[0], sizes[1]);
  if (ask.name == "attention_grad")
    return std::make_unique<AttentionGradCase>(device, sizes[0], sizes[1], sizes[2]);
  FOVEA_CHECK(ask.name == "attention", "bench: no case ", ask.name);
  const int64_t keys = sizes.size() == 4 ? sizes[2] : sizes[1];
  return std::make_unique<AttentionCase>(device, sizes[0], sizes[1], keys, sizes.back());
}

std::unique_ptr<Case> make_vit_case(Device& device, const std::string& directory) {
  return std::make_unique<VitCase>(device, VisionTransformer(device, directory));
}

}  // namespace fovea::bench
