// What the steps of a search share: see search.h for the sections.

const uint kNoToken = 0xffffffffu;
const uint kTokens = 0, kOrigins = 1, kLogProbs = 2;  // kinds of history
const uint kFinished = 2;                             // the third parity
const float kNever = -1e9;                            // score of a hypothesis that must not win

// One beam never changes its row: its history stays where it is.
uint parity_of(SearchParams s, uint step) { return s.beams > 1 ? step & 1 : 0; }
uint history_at(SearchParams s, uint parity, uint kind, uint row) {
  return ((3 * parity + kind) * s.batch * s.beams + row) * s.steps;
}
float infinity() { return uintBitsToFloat(0x7f800000u); }
// What the workgroup's lanes wrote so far, all of them see from here on.
void settle() {
  memoryBarrierBuffer();
  barrier();
}
