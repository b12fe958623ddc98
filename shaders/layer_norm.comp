// layer_norm: h = x + residual; y[r,c] = (h[r,c] - mean_c h) / sqrt(mean_c (h[r,c] - mean_c h)^2 + eps) * gain[c] + shift[c]
// One workgroup per kRows rows, their elements in registers; lanes stride over quads of c. x, residual, y: (rows, columns).
#version 460
#extension GL_GOOGLE_include_directive : require
#define ROW_QUADS 1  // rows are whole quads that lie on 16-byte boundaries
#include "layer_norm.glsl"
