#include "shaders/global_norm.h"

#include "train/segments.h"
#include "train/updates.h"

namespace fovea {

Tensor global_norm(const std::vector<Tensor>& xs) {
  FOVEA_CHECK(!xs.empty() && xs[0], "global_norm: no tensors");
  std::vector<Tensor> inputs;
  std::vector<uint64_t> sizes;
  for (const Tensor& x : xs) {
    inputs.push_back(dense("global_norm", x));
    sizes.push_back(x.shape().elements());
  }
  const uint32_t segments = segment_count(sizes);
  const auto launch = [=](Launch& k) {
    std::vector<Whole> wholes(k.inputs());
    for (size_t i = 0; i < wholes.size(); ++i) wholes[i].gradient = k.in(i);
    const SegmentTable table = segment_table(k, wholes);
    const GlobalNormParams params{segments};
    k.dispatch({.kernel = "global_norm",
                .groups = k.rows(segments),
                .constants = {{"kTotal", false}},
                .reads = {{"table", table.place}},
                .writes = {{"squares", k.out(1)}, {"y", {}}},
                .behind = table.behind},
               params);
    k.dispatch({.kernel = "global_norm",
                .constants = {{"kTotal", true}},
                .reads = {{"table", {}}},
                .writes = {{"squares", k.out(1)}, {"y", k.out(0)}}},
               params);
  };
  return xs[0].graph->add({.op = "global_norm",
                           .detail = fovea::concat("of ", xs.size()),
                           .inputs = inputs,
                           .shape = {1},
                           .more = {{.shape = {int64_t(segments)}}},
                           .launch = launch});
}

}  // namespace fovea
