// What the steps of a search share: which sentence and which row they compute.
#include "common/search.glsl"

// The sentence at a place, and the row of row i of what a step computes.
uint sentence_at(U32 control, SearchParams s, uint place) {
  return s.order == 0 ? place : control.at[s.order + place];
}
uint row_at(U32 control, SearchParams s, uint i) {
  return s.order == 0 ? i : control.at[s.order + i / s.beams] * s.beams + i % s.beams;
}
