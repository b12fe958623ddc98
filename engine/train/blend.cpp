#include "shaders/blend.h"

#include "train/segments.h"
#include "train/updates.h"

namespace fovea {

void blend(State& shared, const std::vector<std::pair<Tensor, int64_t>>& xs, float keep, float take,
           Tensor norm) {
  FOVEA_CHECK(!xs.empty(), "blend: no tensors");
  expect_state("blend", shared, DType::f32);
  FOVEA_CHECK(!norm || norm.shape() == Shape({1}), "blend: norm ", norm.shape(), " needs (1)");
  std::vector<Tensor> inputs;
  std::vector<int64_t> places;
  for (const auto& [x, place] : xs) {
    inputs.push_back(dense("blend", x));
    places.push_back(place);
    FOVEA_CHECK(place + int64_t(x.shape().elements()) <= int64_t(shared.shape().elements()),
                "blend: ", x.shape(), " at ", place, " of ", shared.shape());
  }
  if (norm) inputs.push_back(dense("blend", norm));
  const bool guarded = bool(norm);
  const auto launch = [=](Launch& k) {
    std::vector<Whole> wholes;
    for (size_t i = 0; i < places.size(); ++i)
      wholes.push_back({.parameter = k.in(i), .gradient = {}, .first = places[i]});
    const SegmentTable table = segment_table(k, wholes);
    k.dispatch({.kernel = "blend",
                .groups = k.rows(table.segments),
                .constants = {{"kGuarded", guarded}},
                .reads = {{"table", table.place}, {"norm", guarded ? k.in(places.size()) : Span{}}},
                .writes = {{"shared_memory", k.out()}},
                .behind = table.behind},
               BlendParams{table.segments, keep, take});
  };
  xs[0].first.graph->add({.op = "blend",
                          .detail = concat("of ", xs.size()),
                          .inputs = inputs,
                          .shape = shared.shape(),
                          .target = &shared,
                          .launch = launch});
}

}  // namespace fovea
