#include "common/host.h"
#include "common/panels.h"
#include "search.h"

struct DecoderLayerStepParams {
  uint width;
  uint hidden;
  uint heads;
  uint keys;  // extent of the memory
  uint batch;
  uint places;
  uint beams;
  uint steps;
  uint order;  // as in SearchParams
  float eps;
};

// Where a row's parts lie in its scratch; each is padded with zeros to whole panels, which products write.
struct LayerScratch {
  uint rows;    // a workgroup's first row
  uint stride;  // from row to row
  uint h, normed, q, attended, hidden, scores;
  uint keys;  // scores a head
};

inline LayerScratch scratch_of(DecoderLayerStepParams p) {
  const uint width = whole_panels(p.width);
  LayerScratch s;
  s.rows = s.h = 0;
  s.normed = width;
  s.q = s.normed + width;
  s.attended = s.q + whole_panels(3 * p.width);
  s.hidden = s.attended + width;
  s.scores = s.hidden + whole_panels(p.hidden);
  s.keys = p.steps > p.keys ? p.steps : p.keys;
  s.stride = s.scores + p.heads * s.keys;
  return s;
}
