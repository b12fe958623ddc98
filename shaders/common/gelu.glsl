// GELU in fp32, right to 6e-7 up to |x| = 16, one exponential each. NaN stays NaN; no step overflows to NaN.

// x/2 (1 + erf(x / sqrt 2)), erfc as in Abramowitz and Stegun 1964, 7.1.26 (after Hastings): error <= 1.5e-7.
// Where x is negative erfc itself is used: nothing cancels.
float gelu_erf(float x) {
  const float z = abs(x) * 0.70710678118654752;
  const float t = 1 / (1 + 0.3275911 * z);
  const float series =
      t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  // Past z = 10 erfc is below every fp32 number; not all drivers give exp(-inf) = 0.
  const float erfc_half = z < 10 ? 0.5 * series * exp(-z * z) : 0;
  return x * (x < 0 ? erfc_half : 1 - erfc_half);
}

// x/2 (1 + tanh(u)), u = sqrt(2/pi) (x + 0.044715 x^3), as x / (1 + exp(-2u)): some drivers' tanh overflows.
float gelu_tanh(float x) {
  const float size = abs(x);
  const float u = 0.79788456080286536 * size * (1 + 0.044715 * size * size);
  const float e = size < 15 ? exp(-2 * u) : 0;
  return x * ((x < 0 ? e : 1) / (1 + e));
}
