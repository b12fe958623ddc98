// Where a Transformer looks while it reads a sentence and says another: the weights of all layers and heads.
#pragma once

#include <fovea/figure.hpp>

#include "pairs_transformer.h"

// All layers' weights while the model reads the source and its own translation.
struct Looked {
  std::vector<std::string> source, target;  // words and their ends; what the decoder reads
  fovea::Matrices encoder, decoder, cross;
};

inline fovea::Matrices matrices_of(const fovea::Plan& plan, const std::vector<fovea::Tensor>& layers) {
  const fovea::Shape& shape = layers.front().shape();  // (1, heads, queries, keys)
  fovea::Matrices made{
      .rows = int64_t(layers.size()), .columns = shape[1], .queries = shape[2], .keys = shape[3]};
  for (const fovea::Tensor& layer : layers) {
    const std::vector<float> weights = plan.read(layer);
    made.values.insert(made.values.end(), weights.begin(), weights.end());
  }
  return made;
}

inline Looked look(fovea::Device& device, const fovea::Transformer& model, const fovea::WordPairs& pairs,
                   const fovea::TextPair& pair) {
  const int64_t steps = pairs.options().steps;
  std::vector<uint32_t> ids = pairs.source().encode(pair.source, steps);
  std::vector<uint32_t> read = pairs.target().encode(pair.target, steps);  // with its end
  read.insert(read.begin(), fovea::WordVocabulary::kStart);
  read.pop_back();
  Looked made;
  for (uint32_t id : ids) made.source.push_back(pairs.source().word(id));
  for (uint32_t id : read) made.target.push_back(pairs.target().word(id));
  const uint32_t length = uint32_t(ids.size());
  const int64_t words = int64_t(read.size());
  ids.resize(size_t(steps), fovea::WordVocabulary::kPad);
  read.resize(size_t(steps), fovea::WordVocabulary::kPad);
  made.source.resize(size_t(steps), "<pad>");
  made.target.resize(size_t(steps), "<pad>");

  fovea::Graph graph;
  const fovea::Tensor source = graph.input({1, steps}, fovea::DType::u32),
                      lengths = graph.input({1}, fovea::DType::u32);
  const fovea::Tensor inputs = graph.input({1, steps}, fovea::DType::u32);
  fovea::Transformer::Result looked = model.forward(source, lengths, inputs, {.weights = true});
  std::vector<fovea::Tensor> all = looked.encoder;
  for (std::vector<fovea::Tensor>* layers : {&looked.decoder, &looked.cross})  // the words said, of all steps
    for (fovea::Tensor& weights : *layers)
      all.push_back(weights = fovea::contiguous(fovea::slice(weights, 2, 0, words)));
  fovea::Plan plan(device, graph, all);
  plan.write(source, ids);
  plan.write(lengths, std::vector<uint32_t>{length});
  plan.write(inputs, read);
  plan.run();
  made.encoder = matrices_of(plan, looked.encoder);
  made.decoder = matrices_of(plan, looked.decoder);
  made.cross = matrices_of(plan, looked.cross);
  return made;
}
