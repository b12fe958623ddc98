// position = the corner of rectangle p that the vertex index names; uv = the same corner of the image
// Four vertices of a triangle strip; no vertex buffer.
#version 460
layout(push_constant) uniform Push {
  vec4 rectangle;  // left, top, right, bottom in clip space
  float alpha;
} p;
layout(location = 0) out vec2 uv;

void main() {
  uv = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
  gl_Position = vec4(mix(p.rectangle.xy, p.rectangle.zw, uv), 0, 1);
}
