// lstm: c' = f c + i g, h' = o tanh(c'), i, f, o = s(x + W h + b) of each, g = tanh(x_g + W_g h + b_g)
// One subgroup a workgroup takes ROWS rows of the batch through one step, lanes along a block of units.
#version 460
#extension GL_GOOGLE_include_directive : require
#define ROWS 4
#define COLUMNS 1
#include "common/buffer.glsl"
#include "lstm.glsl"
