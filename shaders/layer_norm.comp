// layer_norm: y[r,c] = (h[r,c] - m) / sqrt(mean_c (h[r,c] - m)^2 + eps) * weight[c] + bias[c], m = mean_c h
// h = x + residual. One workgroup per row r; lanes stride over c. x, residual, y: (rows, columns);
// weight, bias: (columns).
#version 460
#extension GL_GOOGLE_include_directive : require
#define ELEM float
#define ELEM_SIZE 1
#define BUFFER F32
#include "layer_norm.glsl"
