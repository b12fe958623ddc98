// gru: h' = (1 - z) n + z h, r, z = s(x + W h + b) of each, n = tanh(x_n + r (W_n h + b_n))
// One subgroup a workgroup takes ROWS rows of the batch through one step, lanes along a block of units.
#version 460
#extension GL_GOOGLE_include_directive : require
#define ROWS 4
#define COLUMNS 1
#include "common/buffer.glsl"
#include "gru.glsl"
