#ifndef FOVEA_SEARCH
#define FOVEA_SEARCH
#include "common/host.h"

// Where a search keeps its numbers, in words. `control`: word 0 is the step, word 1 how many sentences are
// unfinished; the sections below start at these words. A row is a hypothesis: sentence * beams + beam.
// `history`: for parity p, kind k (0 token, 1 origin, 2 log-probability), row r, step t, the word
// ((3 p + k) rows + r) * steps + t; the same with p = 2 for finished hypotheses.
struct SearchParams {
  uint batch;   // sentences
  uint beams;   // hypotheses of each
  uint steps;   // at most
  uint tokens;  // (rows) what each row reads next
  uint scores;  // (2, rows) f32: sums of log-probabilities, and room for those of the next step
  uint ends;    // (batch) a sentence is finished once the step reaches this: at first its most steps
  uint prompt;  // (batch) steps whose token belongs to the prompt
  uint seeds;   // (batch) of the random numbers
  uint pool_scores;   // (rows) f32: of finished hypotheses, normalised
  uint pool_lengths;  // (rows); 0: none
  uint given;         // (batch, 1 + steps): the token in front of the first step, then the one that must
                      // come, kNoToken where any may
  uint eos;
};
#endif
