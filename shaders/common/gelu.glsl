// GELU in fp32, right to 6e-7 up to |x| = 16, one exponential each. NaN stays NaN; no step overflows to NaN.

// erfc(z) / 2 for z >= 0, e = exp(-z^2), as in Abramowitz and Stegun 1964, 7.1.26 (after Hastings): error of
// erfc <= 1.5e-7.
float half_erfc(float z, float e) {
  const float t = 1 / (1 + 0.3275911 * z);
  const float series =
      t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return 0.5 * series * e;
}

// x/2 (1 + erf(x / sqrt 2)). Where x is negative erfc itself is used: nothing cancels.
float gelu_erf(float x) {
  const float z = abs(x) * 0.70710678118654752;
  // Past z = 10 erfc is below every fp32 number; not all drivers give exp(-inf) = 0.
  const float tail = z < 10 ? half_erfc(z, exp(-z * z)) : 0;
  return x * (x < 0 ? tail : 1 - tail);
}

// Its derivative; 0 and 1 at the infinities, anything for NaN.
float gelu_erf_derivative(float x) {
  const float z = abs(x) * 0.70710678118654752;
  const float e = exp(-z * z);
  const float tail = z < 10 ? half_erfc(z, e) : 0;
  const float density = z < 10 ? 0.39894228040143268 * x * e : 0;
  return (x < 0 ? tail : 1 - tail) + density;
}

// x/2 (1 + tanh(u)), u = sqrt(2/pi) (x + 0.044715 x^3), as x / (1 + exp(-2u)): some drivers' tanh overflows.
float gelu_tanh(float x) {
  const float size = abs(x);
  const float u = 0.79788456080286536 * size * (1 + 0.044715 * size * size);
  const float e = size < 15 ? exp(-2 * u) : 0;
  return x * ((x < 0 ? e : 1) / (1 + e));
}

// Its derivative s + x s (1 - s) 2u', s = 1 / (1 + exp(-2u)); 0 and 1 at the infinities, anything for NaN.
float gelu_tanh_derivative(float x) {
  const float size = abs(x), square = size * size;
  const float e = exp(-1.59576912160573071 * size * (1 + 0.044715 * square));
  const float rise = 1.59576912160573071 * (1 + 0.134145 * square);
  const float bent = (x < 0 ? e : 1) / (1 + e) + x * rise * (e / ((1 + e) * (1 + e)));
  return size < 15 ? bent : (x < 0 ? 0 : 1);
}
