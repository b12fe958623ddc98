#include "ops/shapes.h"
#include "shaders/embedding.h"

namespace fovea {

Tensor embedding(Tensor table, Tensor ids) {
  table = dense("embedding", table);
  ids = dense("embedding", ids, DType::u32);
  FOVEA_CHECK(table.shape().rank() == 2, "embedding: the table must be (vocab, width), got ", table.shape());
  const EmbeddingParams params{.count = uint32_t(ids.shape().elements()),
                               .vocab = uint32_t(table.shape()[0]),
                               .width = uint32_t(table.shape()[1])};
  return table.graph->add({.op = "embedding",
                           .inputs = {table, ids},
                           .shape = ids.shape().appended(params.width),
                           .launch = [=](Launch& k) {
                             k.dispatch({.kernel = "embedding",
                                         .constants = {lanes(k)},
                                         .groups = k.rows(params.count),
                                         .reads = {k.in(0), k.in(1)},
                                         .writes = {k.out()}},
                                        params);
                           }});
}

}  // namespace fovea
