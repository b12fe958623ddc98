// SiLU in fp32: x / (1 + exp(-x)), with the exponential of -|x| only: it cannot overflow. NaN stays NaN, and
// -infinity, where the formula divides infinities, makes NaN.
float silu(float x) {
  const float size = abs(x);
  const float e = size < 104 ? exp(-size) : 0;  // below every fp32 number; not all drivers give exp(-inf) = 0
  return x * ((x < 0 ? e : 1) / (1 + e));
}
