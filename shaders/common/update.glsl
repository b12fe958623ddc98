// What adam and sgd make of a gradient before they use it.
#include "control.h"

// The factor of all gradients: undoes the loss scale and clips their norm (Pascanu et al. 2013, section 3.2).
float gradient_factor(F32 control, F32 norm, float clip) {
  const float unscale = 1 / control.at[kLossScale], length = norm.at[0] * unscale;
  return clip > 0 ? unscale * min(1, clip / (length + 1e-6)) : unscale;
}
