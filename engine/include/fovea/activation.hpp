// Activations: the functions that a product may take over as its end, and what files call them. No Vulkan
// here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fovea/version.h"

namespace fovea FOVEA_API {

// As in ops.hpp.
enum class Activation : uint8_t { none, relu, gelu, gelu_tanh, silu, sigmoid, quick_gelu, tanh };

const char* name(Activation activation);  // the word of its op; "none"

// The words of transformers' settings. A word that is unknown is an Error that begins with `setting`, a file
// and a key, and lists the known ones; so is none, which no setting can name.
Activation transformers_activation(const std::string& setting, std::string_view word);
const char* transformers_name(Activation activation);

// The numbers of CTranslate2's ActivationType; an unknown number is an Error as above.
Activation ctranslate2_activation(const std::string& setting, double number);

}  // namespace fovea
