#include "cases.h"

#include <algorithm>
#include <charconv>

namespace fovea::bench {

namespace {

Kind convolution(const char* name, const char* says, decltype(Kind::make) make) {
  return {.name = name,
          .usage = "BATCHxSIZExCHANNELS",
          .says = says,
          .counts = {3},
          .standard = {{16, 32, 32}},
          .make = make};
}

Kind of_rows(const char* name, const char* says, const Sizes& standard, decltype(Kind::make) make) {
  return {.name = name,
          .usage = "ROWSxCOLUMNS",
          .says = says,
          .counts = {2},
          .standard = {standard},
          .make = make};
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {.name = "gemm",
       .usage = "MxKxN",
       .says = "(m, k) x (k, n), the right operand packed as weights are",
       .counts = {3},
       .standard = {{1024, 1024, 1024}, {197, 768, 3072}, {197, 3072, 768}},
       .make = make_gemm},
      {.name = "attention",
       .usage = "HEADSxTOKENS[xKEYS]xHEAD_DIM",
       .says = "softmax(q k^T) v; HEAD_DIM a multiple of 4 up to 256",
       .counts = {3, 4},
       .standard = {{12, 197, 64}},
       .make = make_attention},
      {.name = "attention_grad",
       .usage = "HEADSxTOKENSxHEAD_DIM",
       .says = "gradients of q, k and v from what it keeps; HEAD_DIM as there",
       .counts = {3},
       .standard = {{12, 197, 64}},
       .make = make_attention_grad},
      of_rows("layer_norm", "over the columns, with weight and bias", {197, 768}, make_layer_norm),
      {.name = "ffn",
       .usage = "TOKENSxWIDTHxHIDDEN",
       .says = "down(gelu(up(x))) + x with biases",
       .counts = {3},
       .standard = {{197, 768, 3072}},
       .make = make_feed_forward},
      convolution("conv2d", "3 x 3 taps, as many outputs as inputs, images SIZE x SIZE", make_conv2d),
      convolution("conv2d_grad_x", "the gradient of its image", make_conv2d_grad_x),
      convolution("conv2d_grad_weight", "the gradient of its weight", make_conv2d_grad_weight),
      {.name = "permute",
       .usage = "BATCHxTOKENSxHEADSxHEAD_DIM",
       .says = "a copy that brings the heads to the front",
       .counts = {4},
       .standard = {{256, 16, 6, 32}},
       .make = make_permute},
      of_rows("concat", "three of them, side by side", {4096, 192}, make_concat),
      of_rows("transpose", "a copy with both swapped", {1024, 1024}, make_transpose),
      {.name = "pixels",
       .usage = "WIDTHxHEIGHTxSIDE",
       .says = "8-bit texels, bilinear to a picture of SIDE x SIDE",
       .counts = {3},
       .standard = {{1920, 1080, 224}},
       .make = make_pixels}};
  return all;
}

const Kind* kind_of(const std::string& name) {
  const auto at = std::ranges::find_if(kinds(), [&](const Kind& kind) { return name == kind.name; });
  return at == kinds().end() ? nullptr : &*at;
}

std::optional<Sizes> parse_sizes(const Kind& kind, const std::string& text) {
  constexpr int64_t kMost = 1 << 24;
  Sizes sizes;
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
  if (std::ranges::find(kind.counts, sizes.size()) == kind.counts.end()) return std::nullopt;
  const bool has_heads = std::string_view(kind.name).starts_with("attention");
  if (has_heads && (sizes.back() % 4 != 0 || sizes.back() > 256)) return std::nullopt;
  return sizes;
}

}  // namespace fovea::bench
