// What an activation is called in a specialization constant: the values of C++'s enum Activation.
#include "host.h"

const uint kActivationRelu = 1;
const uint kActivationGelu = 2;
const uint kActivationGeluTanh = 3;
const uint kActivationSilu = 4;
const uint kActivationSigmoid = 5;
const uint kActivationQuickGelu = 6;
const uint kActivationTanh = 7;
