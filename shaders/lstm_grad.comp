// lstm_grad: from dy the gradient dx of what the gates are made of, x + W h + b; and dstart, dstart_cell
// One subgroup a workgroup takes ROWS rows of the batch through one step, lanes along a block of units.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#define ROWS 4
#define COLUMNS 1
#include "common/buffer.glsl"
#include "lstm_grad.glsl"
