#ifndef FOVEA_SEARCH
#define FOVEA_SEARCH
#include "common/host.h"

// Where a search keeps its numbers, in words. `control`: the step, how many sentences are unfinished, and the
// sections of SearchParams. A row is a hypothesis: sentence * beams + beam. `history`: for every parity and
// kind of number a (rows, steps) table. The hypotheses of even and odd steps have a parity each, so that
// beams can change rows; the third is that of finished hypotheses.
const uint kStepWord = 0, kUnfinishedWord = 1, kSections = 2;  // of control; sections begin at kSections
const uint kFinished = 2, kParities = 3;
const uint kTokens = 0, kOrigins = 1, kLogProbs = 2, kKinds = 3;  // of history; log-probabilities are f32
const uint kNoToken = 0xffffffffu;                                // where any token may come
const float kNever = -1e9f;                                       // score of a hypothesis that must not win

struct SearchParams {
  uint batch;         // sentences
  uint beams;         // hypotheses of each
  uint steps;         // at most
  uint tokens;        // (rows) what each row reads next
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

// One beam never changes its row: its history stays where it is.
inline uint parity_of(SearchParams s, uint step) { return s.beams > 1 ? step & 1 : 0; }
inline uint history_at(SearchParams s, uint parity, uint kind, uint row) {
  return ((kKinds * parity + kind) * s.batch * s.beams + row) * s.steps;
}
#endif
