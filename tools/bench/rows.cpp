// Cases that read and write their memory once: layer_norm, copies, and pixels of a host's image.
#include <bit>

#include "cases.h"

namespace fovea::bench {
namespace {

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

// Texels of an image to a model's picture, (1, 3, side, side). It counts the texels and the picture.
class PixelsCase : public Case {
 public:
  PixelsCase(Device& device, int64_t width, int64_t height, int64_t side)
      : Case("pixels", join({width, height, side}),
             {0, kElementBytes * (double(width * height) + 3.0 * double(side * side))}),
        side_(side),
        texels_(device, {height, width}, DType::u32) {
    std::vector<uint32_t> words;
    for (const float value : random_values(texels_.shape().elements(), 1))
      words.push_back(std::bit_cast<uint32_t>(value));
    texels_.write(words);
  }
  Tensor step(Graph& graph, Tensor) const override {
    return pixels(graph.use(texels_), {.resize_width = side_, .resize_height = side_});
  }
  bool repeats() const override { return false; }

 private:
  int64_t side_;
  State texels_;
};

}  // namespace

std::unique_ptr<Case> make_layer_norm(Device& device, const Sizes& sizes) {
  return std::make_unique<LayerNormCase>(device, sizes[0], sizes[1]);
}

std::unique_ptr<Case> make_permute(Device& device, const Sizes& sizes) {
  return std::make_unique<PermuteCase>(device, sizes);
}

std::unique_ptr<Case> make_concat(Device& device, const Sizes& sizes) {
  return std::make_unique<ConcatCase>(device, sizes[0], sizes[1]);
}

std::unique_ptr<Case> make_transpose(Device& device, const Sizes& sizes) {
  return std::make_unique<TransposeCase>(device, sizes[0], sizes[1]);
}

std::unique_ptr<Case> make_pixels(Device& device, const Sizes& sizes) {
  return std::make_unique<PixelsCase>(device, sizes[0], sizes[1], sizes[2]);
}

}  // namespace fovea::bench
