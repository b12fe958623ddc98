#include "common/host.h"
#include "common/panels.h"
#include "search.h"

const uint kLayerRows = 8;  // of a workgroup

struct DecoderLayerStepParams {
  uint width;
  uint hidden;
  uint heads;
  uint keys;  // extent of the memory
  uint batch;
  uint beams;
  uint steps;
  float eps;
};

// Where a row's parts lie in its scratch; each is padded with zeros to the depth of panels.
struct LayerScratch {
  uint rows;    // a workgroup's first row
  uint stride;  // from row to row
  uint h, normed, q, attended, hidden, scores;
  uint keys;  // scores a head
};

inline LayerScratch scratch_of(DecoderLayerStepParams p) {
  const uint width = padded_depth(p.width);
  LayerScratch s;
  s.rows = s.h = 0;
  s.normed = width;
  s.q = s.normed + width;
  s.attended = s.q + padded_depth(3 * p.width);
  s.hidden = s.attended + width;
  s.scores = s.hidden + padded_depth(p.hidden);
  s.keys = p.steps > p.keys ? p.steps : p.keys;
  s.stride = s.scores + p.heads * s.keys;
  return s;
}
