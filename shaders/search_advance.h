#include "common/host.h"
#include "search.h"

struct SearchAdvanceParams {
  SearchParams search;
};
