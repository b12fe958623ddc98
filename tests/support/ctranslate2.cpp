// The file format stands in engine/io/ctranslate2.h, the names are those of CTranslate2's TransformerSpec.
#include "support/ctranslate2.h"

#include <bit>
#include <fstream>
#include <utility>

#include "support/check.h"

namespace fovea::test {
namespace {

constexpr uint8_t kFloat32 = 0, kInt8 = 1;  // dtypes of the format

class Writer {
 public:
  explicit Writer(const SmallTransformer& model) : model_(model) {}

  std::string file();

 private:
  void u8(uint8_t value) { bytes_ += char(value); }
  void u16(uint16_t value) { u8(uint8_t(value)), u8(uint8_t(value >> 8)); }
  void u32(uint32_t value) { u16(uint16_t(value)), u16(uint16_t(value >> 16)); }
  void text(const std::string& value) { u16(uint16_t(value.size() + 1)), bytes_ += value + '\0'; }

  void number(const std::string& name, uint8_t value);
  void values(const std::string& name, std::vector<uint32_t> shape, float low, float high);
  void linear(const std::string& name, uint32_t out, uint32_t in);
  void norm(const std::string& name);
  void attention(const std::string& name, std::vector<uint32_t> outs);
  void stack(const std::string& side, bool decoder);

  const SmallTransformer& model_;
  std::string bytes_;
  uint32_t count_ = 0;
};

void Writer::number(const std::string& name, uint8_t value) {
  text(name), u8(0), u8(kInt8), u32(1), u8(value);
  ++count_;
}

void Writer::values(const std::string& name, std::vector<uint32_t> shape, float low, float high) {
  uint32_t elements = 1;
  text(name), u8(uint8_t(shape.size()));
  for (const uint32_t extent : shape) u32(extent), elements *= extent;
  u8(kFloat32), u32(4 * elements);
  for (const float value : random_values(elements, model_.seed + count_, low, high))
    u32(std::bit_cast<uint32_t>(value));
  ++count_;
}

void Writer::linear(const std::string& name, uint32_t out, uint32_t in) {
  values(name + "/weight", {out, in}, -0.5f, 0.5f);
  values(name + "/bias", {out}, -0.5f, 0.5f);
}

void Writer::norm(const std::string& name) {
  values(name + "/gamma", {model_.width}, 0.5f, 1.5f);
  values(name + "/beta", {model_.width}, -0.5f, 0.5f);
}

// linear_0, linear_1, ..: from the width to each of outs.
void Writer::attention(const std::string& name, std::vector<uint32_t> outs) {
  norm(name + "/layer_norm");
  for (size_t i = 0; i < outs.size(); ++i)
    linear(name + "/linear_" + std::to_string(i), outs[i], model_.width);
}

void Writer::stack(const std::string& side, bool decoder) {
  const uint32_t width = model_.width, vocabulary = uint32_t(model_.words.size() + 3);
  values(side + (decoder ? "/embeddings/weight" : "/embeddings_0/weight"), {vocabulary, width}, -0.5f, 0.5f);
  for (uint32_t i = 0; i < model_.layers; ++i) {
    const std::string layer = side + "/layer_" + std::to_string(i);
    attention(layer + "/self_attention", {3 * width, width});
    for (const char* kind : {"keys", "values"})
      if (model_.reach > 0)
        values(layer + "/self_attention/relative_position_" + kind,
               {2 * model_.reach + 1, width / model_.heads}, -1, 1);
    if (decoder) attention(layer + "/attention", {width, 2 * width, width});
    norm(layer + "/ffn/layer_norm");
    linear(layer + "/ffn/linear_0", model_.feed_forward, width);
    linear(layer + "/ffn/linear_1", width, model_.feed_forward);
  }
  norm(side + "/layer_norm");
  if (decoder) linear(side + "/projection", vocabulary, width);
}

std::string Writer::file() {
  number("num_heads", uint8_t(model_.heads));
  stack("encoder", false);
  stack("decoder", true);
  const std::string variables = std::exchange(bytes_, {});
  u32(6), text("TransformerSpec"), u32(7), u32(count_);
  bytes_ += variables;
  u32(0);  // aliases
  return bytes_;
}

}  // namespace

void write_ctranslate2(const std::filesystem::path& directory, const SmallTransformer& model) {
  std::ofstream(directory / "model.bin", std::ios::binary) << Writer(model).file();
  for (const char* side : {"source", "target"}) {
    std::ofstream file(directory / (side + std::string("_vocabulary.txt")), std::ios::binary);
    for (const char* marker : {"<s>", "</s>", "<unk>"}) file << marker << '\n';
    for (const std::string& word : model.words) file << word << '\n';
  }
}

}  // namespace fovea::test
