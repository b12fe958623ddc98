// How elementwise shaders share out work: a lane visits kSteps elements, a workgroup's width apart.
#include "host.h"
#ifdef __cplusplus
constexpr uint kSteps = 16;
#else
const uint kSteps = 16;
#endif
