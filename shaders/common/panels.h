// How matmul's right operand lies: a (k, n) matrix as panels (ceil(n / kPanelColumns), k padded to a multiple
// of kPanelDepth, kPanelColumns), zeros where k or n end before a panel does. Kernels step through k a
// subgroup at a time.
#include "host.h"
#ifndef FOVEA_PANELS
#define FOVEA_PANELS

const uint kPanelColumns = 64;
const uint kPanelDepth = 16;

inline uint whole_panels(uint n) { return (n + (kPanelColumns - 1)) & ~(kPanelColumns - 1); }
inline uint padded_depth(uint k) { return (k + (kPanelDepth - 1)) & ~(kPanelDepth - 1); }

#endif
