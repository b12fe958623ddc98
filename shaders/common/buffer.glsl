// Buffers by address, and which workgroup this is. Included first by every shader.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_control_flow_attributes : require

// The lanes of a workgroup: specialization constant 0, or fixed in shaders built once per lane count.
#ifdef LANES
layout(local_size_x = LANES) in;
#else
layout(local_size_x_id = 0) in;
#endif

layout(buffer_reference, std430, buffer_reference_align = 4) buffer F32 { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer F32x4 { vec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer U32 { uint at[]; };

// Number of this workgroup in a grid that Launch::rows folded; it may lie past the last one.
uint group_index() { return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }
