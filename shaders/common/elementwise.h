// How elementwise shaders share out work: a lane visits kSteps elements, a workgroup's width apart.
#include "host.h"

const uint kSteps = 16;
