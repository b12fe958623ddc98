// A small Transformer with random weights as a CTranslate2 directory, for tests that need a model but no
// sense.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fovea::test {

// Pre-norm, ReLU, sinusoidal positions. Both vocabularies are <s>, </s>, <unk> and the words.
struct SmallTransformer {
  std::vector<std::string> words;
  uint32_t layers = 2;  // of the encoder and as many of the decoder
  uint32_t width = 16, heads = 2, feed_forward = 32;
  uint32_t seed = 1;
  uint32_t reach = 0;  // of relative positions; 0: sinusoids instead
};

// model.bin (version 6, float32) and the vocabularies, into a folder that exists.
void write_ctranslate2(const std::filesystem::path& directory, const SmallTransformer& model);

}  // namespace fovea::test
