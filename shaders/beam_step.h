#include "common/host.h"
#include "search.h"

struct BeamStepParams {
  uint candidates;  // of each row, in falling order
  float length_penalty;
  uint stop_early;  // a sentence ends with its pool full, not when the pool can no longer improve
  uint patient;     // what may still improve is judged at the full length
  SearchParams search;
};
