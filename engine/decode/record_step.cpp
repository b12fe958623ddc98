#include "shaders/record_step.h"

#include "decode/search.h"
#include "ops/shapes.h"

namespace fovea {

Tensor record_step(Tensor x, const Search& search, State& record) {
  x = dense("record_step", x);
  expect_state("record_step", record, DType::f32);
  const RecordStepParams params{uint32_t(search.rows()), search.params.steps, uint32_t(columns(x.shape()))};
  FOVEA_CHECK(x.shape().rank() == 2 && x.shape()[0] == search.rows() &&
                  record.shape() == Shape({search.rows(), search.params.steps, x.shape().back()}),
              "record_step: ", x.shape(), " into ", record.shape(), " for ", search.rows(), " rows of ",
              search.params.steps, " steps");
  return x.graph->add({.op = "record_step",
                       .inputs = {x, x.graph->use(search.control)},
                       .shape = record.shape(),
                       .target = &record,
                       .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "record_step",
                                     .groups = k.rows(params.rows),
                                     .reads = {{"x", k.in(0)}, {"control", k.in(1)}},
                                     .writes = {{"record", k.out()}}},
                                    params);
                       }});
}

}  // namespace fovea
