#include "common/host.h"
#include "search.h"

struct SampleStepParams {
  uint vocab;
  uint candidates;  // of each row, in falling order; 0: indices holds the best token
  float temperature;
  float top_p;
  SearchParams search;
};
