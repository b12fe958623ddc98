// The table of segments of an update, and its parts of parameter and gradient.
#extension GL_EXT_buffer_reference_uvec2 : require
#include "segments.h"

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Segments { Segment at[]; };

F32 parameter_of(Segment s) { return F32(uvec2(s.parameter_low, s.parameter_high)); }
F32 gradient_of(Segment s) { return F32(uvec2(s.gradient_low, s.gradient_high)); }
