// layer_norm_quads: what layer_norm computes, for rows of whole quads (of 4 elements) on 16-byte boundaries
// One workgroup per row; lanes stride over quads. x, residual, y: (rows, columns); weight, bias: (columns).
#version 460
#extension GL_GOOGLE_include_directive : require
#define ELEM vec4
#define ELEM_SIZE 4
#define BUFFER F32x4
#include "layer_norm.glsl"
