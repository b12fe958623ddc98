#include "ops/pool2d.h"

namespace fovea {
namespace {

void launch_avg_pool2d(Launch& k, Pool2dParams params, bool gradient, bool counts_padding) {
  const Groups groups = pool_groups(k, params, gradient ? params.from_y : params.to_y);
  k.dispatch({.kernel = "avg_pool2d",
              .groups = groups,
              .constants = {{"kGradient", gradient}, {"kCountsPadding", counts_padding}},
              .reads = {{"from", k.in()}},
              .writes = {{"to", k.out()}}},
             params);
}

}  // namespace

Tensor avg_pool2d(Tensor x, const Pool2dOptions& options) {
  x = dense("avg_pool2d", x);
  const Windows w = windows("avg_pool2d", x.shape(), options);
  const bool counts = options.counts_padding;
  const auto gradient = [=](Outputs, Tensor dy) {
    dy = dense("avg_pool2d", dy);
    return std::vector{
        dy.graph->add({.op = "avg_pool2d_grad", .inputs = {dy}, .shape = w.from, .launch = [=](Launch& k) {
                         launch_avg_pool2d(k, w.params, true, counts);
                       }})};
  };
  return x.graph->add({.op = "avg_pool2d",
                       .detail = concat(w.params.kernel_y, " x ", w.params.kernel_x),
                       .inputs = {x},
                       .shape = w.to,
                       .launch = [=](Launch& k) { launch_avg_pool2d(k, w.params, false, counts); },
                       .grad = gradient});
}

}  // namespace fovea
