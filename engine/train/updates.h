// Ops over all tensors of a model at once: what optimisers are made of (nn/optimizer.cpp). Each tensor has a
// place, counted in elements, in memory that all of them share.
#pragma once

#include "ops/shapes.h"
#include "shaders/common/control.h"

namespace fovea {

// One tensor of an update.
struct Updated {
  State* parameter;
  Tensor gradient;
  int64_t first;  // its place in the moments
};

// What every update reads: control as shaders/common/control.h, norm of all gradients, and its limit.
struct UpdateInputs {
  Tensor control, norm;  // (kControlWords), (1)
  float clip = 0;        // 0: none
};

struct AdamRules {
  float beta1, beta2, eps, decay;
  bool decoupled;
};
struct SgdRules {
  float momentum, decay;
  bool nesterov;
};

Tensor global_norm(const std::vector<Tensor>& xs);  // -> (1): sqrt(sum of all squares)
// Adam (Kingma and Ba 2015, algorithm 1), decoupled: AdamW (Loshchilov and Hutter 2019, algorithm 2).
void adam(const std::vector<Updated>& updated, const UpdateInputs& inputs, State& first, State& second,
          const AdamRules& rules);
// Momentum as Sutskever et al. 2013, in PyTorch's form: the rate is not part of the moment.
void sgd(const std::vector<Updated>& updated, const UpdateInputs& inputs, State& moment,
         const SgdRules& rules);
// shared <- keep * shared + take * xs, one after another, each from its place. norm: (1), where it is not
// finite nothing changes.
void blend(State& shared, const std::vector<std::pair<Tensor, int64_t>>& xs, float keep, float take,
           Tensor norm = {});

}  // namespace fovea
