#include "ops/pool2d.h"

namespace fovea {
namespace {

Tensor max_pool2d_grad(const Windows& w, Tensor at, Tensor dy) {
  dy = dense("max_pool2d", dy);
  return dy.graph->add(
      {.op = "max_pool2d_grad", .inputs = {dy, at}, .shape = w.from, .launch = [=](Launch& k) {
         Pool2dParams params = w.params;
         const Groups groups = pool_groups(k, params, params.from_y);
         k.dispatch({.kernel = "max_pool2d_grad",
                     .groups = groups,
                     .reads = {{"dy", k.in(0)}, {"at", k.in(1)}},
                     .writes = {{"dx", k.out()}}},
                    params);
       }});
}

}  // namespace

Tensor max_pool2d(Tensor x, const Pool2dOptions& options) {
  x = dense("max_pool2d", x);
  const Windows w = windows("max_pool2d", x.shape(), options);
  return x.graph->add(
      {.op = "max_pool2d",
       .detail = concat(w.params.kernel_y, " x ", w.params.kernel_x),
       .inputs = {x},
       .shape = w.to,
       .more = {{.shape = w.to, .dtype = DType::u32}},  // where the largest pixels lie
       .launch =
           [=](Launch& k) {
             Pool2dParams params = w.params;
             const Groups groups = pool_groups(k, params, params.to_y);
             k.dispatch({.kernel = "max_pool2d",
                         .groups = groups,
                         .reads = {{"x", k.in()}},
                         .writes = {{"y", k.out(0)}, {"at", k.out(1)}}},
                        params);
           },
       .grad = [=](Outputs y, Tensor dy) { return std::vector{max_pool2d_grad(w, y[1], dy)}; }});
}

}  // namespace fovea
