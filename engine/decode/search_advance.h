// The end of a decoding step, for sample_step and beam_step.
#pragma once

#include "decode/search.h"
#include "ops/shapes.h"
#include "shaders/search_advance.h"

namespace fovea {

struct SearchStep {
  const char* op;  // and kernel: reads best.values and best.indices, writes history and control
  std::string detail;
  TopK best;
};

// A node that dispatches what.op over groups(k, places), then search_advance, all of it in place. Gives
// how many sentences are unfinished: (1) u32.
template <class Params, class GroupsOf>
Tensor add_search_step(const SearchStep& what, Search& search, const Params& params, GroupsOf groups) {
  Graph& graph = *what.best.values.graph;
  const std::vector<Tensor> made =
      graph.add_all({.op = what.op,
                     .detail = what.detail,
                     .inputs = {what.best.values, what.best.indices, graph.use(search.history)},
                     .shape = search.control.shape(),
                     .dtype = DType::u32,
                     .more = {{.shape = {1}, .dtype = DType::u32}},
                     .target = &search.control,
                     .launch = [op = what.op, params, groups](Launch& k) {
                       k.dispatch({.kernel = op,
                                   .groups = groups(k, params.search.places),
                                   .reads = {{"values", k.in(0)}, {"indices", k.in(1)}},
                                   .writes = {{"history", k.in(2)}, {"control", k.out(0)}}},
                                  params);
                       k.dispatch({.kernel = "search_advance",
                                   .reads = {{"history", k.in(2)}},
                                   .writes = {{"control", k.out(0)}, {"unfinished", k.out(1)}}},
                                  SearchAdvanceParams{params.search});
                     }});
  return made[1];
}

}  // namespace fovea
