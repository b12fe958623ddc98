#ifndef FOVEA_SEARCH
#define FOVEA_SEARCH
#include "common/host.h"

// Where a search keeps its numbers, in words. `control`: the step, how many sentences are unfinished, and the
// sections of SearchParams. A row is a hypothesis: sentence * beams + beam. What a step computes lies by the
// places of sentences, place * beams + beam, so that a plan of fewer places takes those that are left.
// `history`: for every parity and kind of number a (rows, steps) table. The hypotheses of even and odd steps
// have a parity each, so that beams can change rows; the third is that of finished hypotheses.
const uint kStepWord = 0, kUnfinishedWord = 1, kSections = 2;  // of control; sections begin at kSections
const uint kFinished = 2, kParities = 3;
const uint kTokens = 0, kOrigins = 1, kLogProbs = 2, kKinds = 3;  // of history; log-probabilities are f32
const uint kNoToken = 0xffffffffu;                                // where any token may come
const float kNever = -1e9f;                                       // score of a hypothesis that must not win

struct SearchParams {
  uint batch;         // sentences
  uint places;        // sentences that a step takes: no fewer than are unfinished
  uint beams;         // hypotheses of each
  uint steps;         // at most
  uint order;         // (batch) the sentence at each place, the unfinished ones first; 0: each at its own
  uint tokens;        // (rows) what the rows of each place read next
  uint scores;        // (2, rows) f32: sums of log-probabilities, and room for those of the next step
  uint ends;          // (batch) a sentence is finished once the step reaches this: at first its most steps
  uint prompt;        // (batch) steps whose token belongs to the prompt
  uint seeds;         // (batch) of the random numbers
  uint pool_scores;   // (rows) f32: of finished hypotheses, normalised
  uint pool_lengths;  // (rows); 0: none
  uint given;         // (batch, 1 + steps): the token in front of the first step, then the one that must
                      // come, kNoToken where any may
  uint eos;
};

// What finding a row's history takes, of a search whose sentences keep their places.
inline SearchParams search_of(uint batch, uint beams, uint steps) {
  SearchParams s;
  s.batch = s.places = batch;
  s.beams = beams;
  s.steps = steps;
  s.order = 0;
  return s;
}

// One beam never changes its row: its history stays where it is.
inline uint parity_of(SearchParams s, uint step) { return s.beams > 1 ? step & 1 : 0; }
inline uint history_at(SearchParams s, uint parity, uint kind, uint row) {
  return ((kKinds * parity + kind) * s.batch * s.beams + row) * s.steps;
}
#endif
