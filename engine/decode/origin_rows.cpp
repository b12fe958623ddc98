#include "shaders/origin_rows.h"

#include "decode/search.h"
#include "ops/shapes.h"

namespace fovea {

Tensor origin_rows(Tensor x, const StepState& search) {
  x = dense("origin_rows", x);
  FOVEA_CHECK(x.shape().rank() == 2 && x.shape()[0] == search.rows(), "origin_rows: x ", x.shape(), " for ",
              search.rows(), " rows");
  const SearchParams& s = search.params;
  if (s.beams == 1) return x;
  const OriginRowsParams params{s.batch, s.beams, s.steps, uint32_t(x.shape()[1])};
  return x.graph->add({.op = "origin_rows",
                       .inputs = {x, x.graph->use(search.control), x.graph->use(search.history)},
                       .shape = x.shape(),
                       .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "origin_rows",
                                     .groups = k.rows(uint64_t(params.batch) * params.beams),
                                     .reads = {{"x", k.in(0)}, {"control", k.in(1)}, {"history", k.in(2)}},
                                     .writes = {{"y", k.out()}}},
                                    params);
                       }});
}

}  // namespace fovea
