// What the host tells an optimiser before a step: words of its control tensor.
#include "host.h"

const uint kRate = 0, kFirstCorrection = 1, kSecondCorrection = 2, kLossScale = 3, kControlWords = 4;
