// SiLU in fp32: x / (1 + exp(-x)), with the exponential of -|x| only: it cannot overflow. NaN stays NaN, and
// -infinity, where the formula divides infinities, makes NaN.
float silu(float x) {
  const float size = abs(x);
  const float e = size < 104 ? exp(-size) : 0;  // below every fp32 number; not all drivers give exp(-inf) = 0
  return x * ((x < 0 ? e : 1) / (1 + e));
}

// Its derivative s + x s (1 - s), s = 1 / (1 + exp(-x)); 0 and 1 at the infinities, anything for NaN.
float silu_slope(float x) {
  const float size = abs(x);
  const float e = size < 104 ? exp(-size) : 0;
  const float s = (x < 0 ? e : 1) / (1 + e);
  return size < 104 ? s + x * (e / ((1 + e) * (1 + e))) : s;
}
