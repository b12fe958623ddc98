// gru_grad: from dy the gradients of what gates are made of: dx of x + b, dh of W h + b; and dstart
// One subgroup a workgroup takes ROWS rows of the batch through one step, lanes along a block of units.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#define ROWS 4
#define COLUMNS 1
#include "common/buffer.glsl"
#include "gru_grad.glsl"
