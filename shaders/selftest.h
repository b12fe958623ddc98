#include "common/host.h"

const uint kSelftestWords = 9;  // that selftest writes for every lane
const uint kSelftestGroups = 3;

struct SelftestParams {
  uint factor;
};
