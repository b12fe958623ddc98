// colour = the image at uv, its alpha times p.alpha
// A lane a texel of the target; blending is the pipeline's.
#version 460
layout(push_constant) uniform Push {
  vec4 rectangle;
  float alpha;
} p;
layout(set = 0, binding = 0) uniform sampler2D image;
layout(location = 0) in vec2 uv;
layout(location = 0) out vec4 colour;

void main() { colour = texture(image, uv) * vec4(1, 1, 1, p.alpha); }
