// gru_sequence: every step of gru, h' = (1 - z) n + z h
// One subgroup a workgroup takes ROWS rows of the batch through all steps: for CPU drivers.
// class cpu
// variant 4_1: LANES=4 ROWS=1 COLUMNS=2
// variant 4_8: LANES=4 ROWS=8 COLUMNS=2
// variant 8_1: LANES=8 ROWS=1 COLUMNS=2
// variant 8_8: LANES=8 ROWS=8 COLUMNS=1
// variant 16_1: LANES=16 ROWS=1 COLUMNS=1
// variant 16_8: LANES=16 ROWS=8 COLUMNS=1
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "gru.glsl"
