#include "common/host.h"

// Words that selftest writes for every lane, in this order.
#ifdef __cplusplus
constexpr uint kSelftestWords = 9;
constexpr uint kSelftestGroups = 3;
#else
const uint kSelftestWords = 9;
#endif

struct SelftestParams {
  uint factor;
};
