#include "shaders/embedding.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/embedding_grad.h"
#include "shaders/fill.h"

namespace fovea {
namespace {

// Sorted by id, the positions of an id are summed by one workgroup: the same order in every run.
void launch_embedding_grad(Launch& k, const EmbeddingGradParams& params) {
  const Span &ids = k.in(0), &dy = k.in(1), &dtable = k.out(0);
  const Span &counts = k.out(1), &starts = k.out(2), &ranks = k.out(3), &order = k.out(4);
  k.dispatch({.kernel = "fill", .groups = elements(k, params.vocab, kSteps), .writes = {{"y", counts}}},
             FillParams{params.vocab, 0});
  k.dispatch({.kernel = "embedding_order",
              .reads = {{"ids", ids}},
              .writes = {{"counts", counts}, {"starts", starts}, {"ranks", ranks}, {"order", order}}},
             params);
  k.dispatch({.kernel = "embedding_grad",
              .groups = k.rows(params.vocab),
              .reads = {{"dy", dy}, {"counts", counts}, {"starts", starts}, {"order", order}},
              .writes = {{"dtable", dtable}}},
             params);
}

// dy (.., width), ids (..) -> (vocab, width)
Tensor embedding_grad(Tensor dy, Tensor ids, const Shape& table) {
  const EmbeddingGradParams params{
      .count = uint32_t(ids.shape().elements()), .vocab = uint32_t(table[0]), .width = uint32_t(table[1])};
  const NodeSpec::Output an_id{.shape = {table[0]}, .dtype = DType::u32};
  const NodeSpec::Output a_position{.shape = {params.count}, .dtype = DType::u32};
  return dy.graph->add({.op = "embedding_grad",
                        .inputs = {ids, dense("embedding_grad", dy)},
                        .shape = table,
                        .more = {an_id, an_id, a_position, a_position},
                        .launch = [=](Launch& k) { launch_embedding_grad(k, params); }});
}

}  // namespace

Tensor embedding(Tensor table, Tensor ids) {
  table = dense("embedding", table);
  ids = dense("embedding", ids, DType::u32);
  FOVEA_CHECK(table.shape().rank() == 2, "embedding: the table must be (vocab, width), got ", table.shape());
  const EmbeddingParams params{.count = uint32_t(ids.shape().elements()),
                               .vocab = uint32_t(table.shape()[0]),
                               .width = uint32_t(table.shape()[1])};
  return table.graph->add(
      {.op = "embedding",
       .inputs = {table, ids},
       .shape = ids.shape().appended(params.width),
       .launch =
           [=](Launch& k) {
             k.dispatch({.kernel = "embedding",
                         .groups = k.rows(params.count),
                         .reads = {{"table", k.in(0)}, {"ids", k.in(1)}},
                         .writes = {{"y", k.out()}}},
                        params);
           },
       .grad = [=](Outputs,
                   Tensor dy) { return std::vector{embedding_grad(dy, ids, table.shape()), Tensor()}; }});
}

}  // namespace fovea
