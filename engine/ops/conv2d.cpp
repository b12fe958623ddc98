#include "shaders/conv2d.h"

#include <algorithm>

#include "ops/shapes.h"
#include "ops/tiles.h"

namespace fovea {
namespace {

struct Geometry {
  int64_t batch, in, out, groups;  // in, out: channels of all groups
  Pixels from, to, kernel;         // pixels of x, of y, of the weight
  Pixels stride, padding, dilation;

  int64_t group_in() const { return in / groups; }
  int64_t group_out() const { return out / groups; }
  int64_t taps() const { return area(kernel); }
  static int64_t area(const Pixels& size) { return size[0] * size[1]; }
};

uint32_t halves(const Pixels& pair) { return uint32_t(pair[0]) << 16 | (uint32_t(pair[1]) & 0xffffu); }

// One dispatch of conv2d.h's product: image, a and bias are the node's operands.
struct Product {
  Conv2dParams params;
  Pixels spacing = {1, 1};  // of the image's pixels, as seen by places
  bool bias = false;
  Activation activation = Activation::none;
};

void launch_conv2d(Launch& k, const Product& product) {
  const Conv2dParams& p = product.params;
  const MatmulTiles tiles = choose_conv2d_tiles(k.limits(), p.m);
  Groups groups = k.rows(uint64_t(ceil_div(p.m, tiles.rows)) * uint64_t(ceil_div(p.n, tiles.columns)));
  groups.z = p.groups * uint32_t(ceil_div(p.k, p.part));
  k.dispatch({.kernel = tiles.kernel,
              .groups = groups,
              .lanes = tiles.lanes,
              .constants = {{"kHasBias", product.bias},
                            {"kActivation", uint32_t(product.activation)},
                            {"kUpX", uint32_t(product.spacing[1])},
                            {"kUpY", uint32_t(product.spacing[0])}},
              .reads = {{"image", k.in(0)}, {"a", k.in(1)}, {"bias", k.in(2)}},
              .writes = {{"y", k.out()}}},
             p);
}

Conv2dParams forward_params(const Geometry& g) {
  const int64_t pixels = g.area(g.from), places = g.area(g.to), taps = g.taps();
  const uint32_t k = uint32_t(g.group_in() * taps);
  return {.m = uint32_t(g.group_out()),
          .n = uint32_t(g.batch * places),
          .k = k,
          .size = halves(g.from),
          .start = halves({-g.padding[0], -g.padding[1]}),
          .column = {halves(g.to), halves(g.stride), uint32_t(g.in * pixels)},
          .tap = {halves(g.kernel), halves(g.dilation), uint32_t(pixels)},
          .a_row = k,
          .a_x = 1,
          .a_z = uint32_t(taps),
          .y_row = uint32_t(places),
          .y_z = uint32_t(g.out * places),
          .groups = uint32_t(g.groups),
          .image_group = uint32_t(g.group_in() * pixels),
          .a_group = uint32_t(g.group_out()) * k,
          .a_first = 0,
          .part = k};
}

// dx[b,c,y,x] = sum of w[o,c,i,j] dy[b,o,oy,ox] where oy stride + i dilation - padding = y: a convolution of
// dy, its pixels `stride` apart, with the taps backwards.
Conv2dParams grad_x_params(const Geometry& g) {
  const int64_t pixels = g.area(g.from), places = g.area(g.to), taps = g.taps();
  const uint32_t k = uint32_t(g.group_out() * taps);
  const auto first = [&](size_t i) { return g.padding[i] - (g.kernel[i] - 1) * g.dilation[i]; };
  return {.m = uint32_t(g.group_in()),
          .n = uint32_t(g.batch * pixels),
          .k = k,
          .size = halves(g.to),
          .start = halves({first(0), first(1)}),
          .column = {halves(g.from), halves({1, 1}), uint32_t(g.out * places)},
          .tap = {halves(g.kernel), halves(g.dilation), uint32_t(places)},
          .a_row = uint32_t(taps),
          .a_x = UINT32_MAX,  // -1
          .a_z = uint32_t(g.group_in() * taps),
          .y_row = uint32_t(pixels),
          .y_z = uint32_t(g.in * pixels),
          .groups = uint32_t(g.groups),
          .image_group = uint32_t(g.group_out() * places),
          .a_group = uint32_t(g.group_out() * g.group_in() * taps),
          .a_first = uint32_t(taps - 1),
          .part = k};
}

// dw[o,c,i,j] = sum of dy[b,o,oy,ox] x[b,c,y,x] over b, oy, ox; of `images` of the batch at a time.
Conv2dParams grad_weight_params(const Geometry& g, int64_t images) {
  const int64_t pixels = g.area(g.from), places = g.area(g.to), taps = g.taps();
  const uint32_t n = uint32_t(g.group_in() * taps);
  return {.m = uint32_t(g.group_out()),
          .n = n,
          .k = uint32_t(g.batch * places),
          .size = halves(g.from),
          .start = halves({-g.padding[0], -g.padding[1]}),
          .column = {halves(g.kernel), halves(g.dilation), uint32_t(pixels)},
          .tap = {halves(g.to), halves(g.stride), uint32_t(g.in * pixels)},
          .a_row = uint32_t(places),
          .a_x = 1,
          .a_z = uint32_t(g.out * places),
          .y_row = n,
          .y_z = uint32_t(taps),
          .groups = uint32_t(g.groups),
          .image_group = uint32_t(g.group_in() * pixels),
          .a_group = uint32_t(g.group_out() * places),
          .a_first = 0,
          .part = uint32_t(images * places)};
}

Tensor grad_x(Tensor weight, Tensor dy, const Geometry& g) {
  const Product product{.params = grad_x_params(g), .spacing = g.stride};
  return dy.graph->add({.op = "conv2d_grad_x",
                        .inputs = {dy, weight, Tensor()},
                        .shape = {g.batch, g.in, g.from[0], g.from[1]},
                        .launch = [=](Launch& k) { launch_conv2d(k, product); }});
}

// The batch is summed in parts: few weights make few tiles, and short sums are exacter.
Tensor grad_weight(Tensor x, Tensor dy, const Geometry& g) {
  constexpr int64_t kTile = 32 * 64, kEnough = 64;
  const Shape shape{g.out, g.group_in(), g.kernel[0], g.kernel[1]};
  const int64_t tiles = g.groups * ceil_div(int64_t(shape.elements()) / g.groups, kTile);
  const int64_t images = ceil_div(g.batch, std::clamp<int64_t>(kEnough / tiles, 1, g.batch));
  const int64_t parts = ceil_div(g.batch, images);
  const Product product{.params = grad_weight_params(g, images)};
  const Tensor dw = x.graph->add({.op = "conv2d_grad_weight",
                                  .detail = concat("in ", parts, " parts"),
                                  .inputs = {x, dy, Tensor()},
                                  .shape = {parts, int64_t(shape.elements())},
                                  .launch = [=](Launch& k) { launch_conv2d(k, product); }});
  return reshape(parts == 1 ? dw : sum(dw, 0), shape);
}

std::vector<Tensor> gradients(Tensor x, Tensor weight, Tensor bias, Tensor dy, const Geometry& g) {
  dy = dense("conv2d", dy);
  Tensor dbias;
  if (bias) {
    const Tensor of_images = sum(reshape(dy, {g.batch, g.out, g.area(g.to)}));  // (batch, out, 1)
    dbias = reshape(sum(of_images, 0), {g.out});
  }
  return {grad_x(weight, dy, g), grad_weight(x, dy, g), dbias};
}

NodeSpec spec_of(const std::vector<Tensor>& operands, const Geometry& g, Activation activation) {
  const Tensor x = operands[0], weight = operands[1], bias = operands[2];
  const Product product{.params = forward_params(g), .bias = bool(bias), .activation = activation};
  const auto absorb = [=](const Epilogue& epilogue) -> std::optional<NodeSpec> {
    if (epilogue.kind != Epilogue::Kind::activation || activation != Activation::none) return std::nullopt;
    return spec_of({x, weight, bias}, g, epilogue.activation);
  };
  const bool activated = activation != Activation::none;
  return {.op = "conv2d",
          .detail = concat(g.kernel[0], " x ", g.kernel[1], bias ? " bias" : "", activated ? " " : "",
                           activated ? name(activation) : ""),
          .inputs = {x, weight, bias},
          .shape = {g.batch, g.out, g.to[0], g.to[1]},
          .launch = [=](Launch& k) { launch_conv2d(k, product); },
          .grad = [=](Outputs, Tensor dy) { return gradients(x, weight, bias, dy, g); },
          .absorb = absorb};
}

Geometry geometry_of(const Shape& x, const Shape& weight, const Conv2dOptions& options) {
  constexpr int64_t kMost = 32767;  // pixels: places are counted in halves of words
  FOVEA_CHECK(x.rank() == 4 && weight.rank() == 4,
              "conv2d: needs x (batch, in, h, w) and weight (out, in, kh, kw), got ", x, " and ", weight);
  Geometry g{x[0],
             x[1],
             weight[0],
             options.groups,
             {x[2], x[3]},
             {},
             {weight[2], weight[3]},
             options.stride,
             options.padding,
             options.dilation};
  FOVEA_CHECK(g.groups >= 1 && g.in % g.groups == 0 && g.out % g.groups == 0, "conv2d: ", g.groups,
              " groups of x ", x, " and weight ", weight, " must share out ", g.in, " and ", g.out,
              " channels");
  FOVEA_CHECK(weight[1] == g.group_in(), "conv2d: weight ", weight, " for x ", x, " in ", g.groups,
              " groups, needs ", g.group_in(), " inputs");
  for (const size_t i : {0, 1}) {
    const char* axis = i == 0 ? "down" : "across";
    FOVEA_CHECK(g.stride[i] >= 1 && g.padding[i] >= 0 && g.dilation[i] >= 1, "conv2d: stride ", g.stride[i],
                ", padding ", g.padding[i], " and dilation ", g.dilation[i], " ", axis,
                " must be at least 1, 0 and 1");
    FOVEA_CHECK(g.padding[i] <= kMost && g.dilation[i] <= kMost && g.stride[i] <= kMost, "conv2d: stride ",
                g.stride[i], ", padding ", g.padding[i], " or dilation ", g.dilation[i], " ", axis,
                " is above ", kMost);
    const int64_t padded = g.from[i] + 2 * g.padding[i], reach = g.dilation[i] * (g.kernel[i] - 1) + 1;
    FOVEA_CHECK(reach <= padded && padded <= kMost, "conv2d: the kernel reaches over ", reach, " of ", padded,
                " pixels ", axis, ", padding counted; at most all of ", kMost);
    g.to[i] = (padded - reach) / g.stride[i] + 1;
  }
  return g;
}

}  // namespace

Tensor conv2d(Tensor x, Tensor weight, const Conv2dOptions& options) {
  x = dense("conv2d", x);
  weight = dense("conv2d", weight);
  const Geometry g = geometry_of(x.shape(), weight.shape(), options);
  Tensor bias = options.bias;
  if (bias) {
    bias = dense("conv2d", bias);
    FOVEA_CHECK(bias.shape() == Shape({g.out}), "conv2d: bias ", bias.shape(), " for ", g.out, " outputs");
  }
  return activate(x.graph->add(spec_of({x, weight, bias}, g, Activation::none)), options.activation);
}

}  // namespace fovea
