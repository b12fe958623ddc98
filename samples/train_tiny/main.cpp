// train_tiny: attention learns to look things up.
//
//   train_tiny
//
// Each example is a list of keys with their values, and a question: what is the value of this key? How to ask
// for a key, and what to make of a value, is learnt from nothing by one head of attention. Every list is new,
// those of the test too. Prints the loss as it falls, and at last
//   right answers: 1024 of 1024, on llvmpipe (LLVM 15.0.6, 256 bits)
// Ends with status 1 where fewer than 99 % are right. It takes a few seconds.
// Needs FOVEA_TRAINING.
#include <cstdio>
#include <exception>
#include <fovea/fovea.hpp>
#include <random>

namespace {

constexpr int64_t kSymbols = 12, kPairs = 6, kWidth = 32;  // keys and values there are; pairs of a list
constexpr int64_t kBatch = 128, kSteps = 200, kTests = 8;  // lists of a batch; batches
constexpr float kRate = 0.01f;

struct Batch {
  std::vector<uint32_t> keys, values;        // (batch, pairs)
  std::vector<uint32_t> questions, answers;  // (batch)
};

Batch random_batch(std::mt19937& random) {
  Batch batch;
  std::vector<uint32_t> symbols(kSymbols);
  for (uint32_t i = 0; i < kSymbols; ++i) symbols[i] = i;
  for (int64_t list = 0; list < kBatch; ++list) {
    for (size_t pair = 0; pair < kPairs; ++pair) {  // the first ones of a shuffle: no key comes twice
      std::swap(symbols[pair], symbols[pair + random() % (kSymbols - pair)]);
      batch.keys.push_back(symbols[pair]);
      batch.values.push_back(uint32_t(random() % kSymbols));
    }
    const size_t asked = batch.keys.size() - 1 - random() % kPairs;
    batch.questions.push_back(batch.keys[asked]);
    batch.answers.push_back(batch.values[asked]);
  }
  return batch;
}

// Weights lie on the device, outlive plans and are shared by them; small random numbers at first.
fovea::State random_weights(fovea::Device& device, const fovea::Shape& shape, std::mt19937& random) {
  fovea::State state(device, shape);
  std::vector<float> numbers(shape.elements());
  for (float& number : numbers) number = float(random()) * 0x1p-32f - 0.5f;
  state.write(numbers);
  return state;
}

}  // namespace

int main() try {
  using namespace fovea;
  Device device;
  std::mt19937 random(1);  // the same numbers everywhere
  State query = random_weights(device, {kSymbols, kWidth}, random);
  State key = random_weights(device, {kSymbols, kWidth}, random);
  State value = random_weights(device, {kSymbols, kWidth}, random);
  State answer = random_weights(device, {kWidth, kSymbols}, random);

  // The model: (batch, heads, tokens, width), one head, the question being the only query.
  Graph graph;
  const Tensor keys = graph.input({kBatch, 1, kPairs}, DType::u32, "keys");
  const Tensor values = graph.input({kBatch, 1, kPairs}, DType::u32, "values");
  const Tensor questions = graph.input({kBatch, 1, 1}, DType::u32, "questions");
  const Tensor q = embedding(graph.use(query), questions);  // (batch, 1, 1, width)
  const Tensor k = embedding(graph.use(key), keys);         // (batch, 1, pairs, width)
  const Tensor v = embedding(graph.use(value), values);     // (batch, 1, pairs, width)
  const Tensor found = reshape(attention(q, k, v).out, {kBatch, kWidth});
  const Tensor logits = matmul(found, graph.use(answer));  // (batch, symbols)
  const Tensor likeliest = argmax(logits);                 // (batch)
  Plan testing(device, graph, {likeliest});  // made before the graph has an update: it leaves weights alone

  // Gradients are nodes like any others, and so is the update: a step of training is one submission.
  const Tensor answers = graph.input({kBatch}, DType::u32, "answers");
  const Tensor loss = cross_entropy(logits, answers).loss;  // (1)
  Optimizer optimizer(device, {{"query", &query}, {"key", &key}, {"value", &value}, {"answer", &answer}},
                      {.kind = OptimizerOptions::Kind::adam});
  const Optimizer::Step update = optimizer.step(loss);
  Plan training(device, graph, {loss, update.norm});

  const auto ask = [&](Plan& plan, const Batch& batch) {
    plan.write(keys, batch.keys);
    plan.write(values, batch.values);
    plan.write(questions, batch.questions);
  };
  for (int step = 1; step <= kSteps; ++step) {
    const Batch batch = random_batch(random);
    ask(training, batch);
    training.write(answers, batch.answers);
    training.write(update.control, optimizer.control(kRate));
    training.run();
    optimizer.finish(training.read(update.norm)[0]);
    if (step % 50 == 0) std::printf("step %d: loss %.4f\n", step, double(training.read(loss)[0]));
  }

  int right = 0, all = 0;
  for (int test = 0; test < kTests; ++test) {
    const Batch batch = random_batch(random);
    ask(testing, batch);
    testing.run();
    const std::vector<uint32_t> said = testing.read_u32(likeliest);
    for (size_t i = 0; i < said.size(); ++i, ++all) right += said[i] == batch.answers[i];
  }
  std::printf("right answers: %d of %d, on %s\n", right, all, device.info().name.c_str());
  return right * 100 >= all * 99 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "train_tiny: %s\n", error.what());
  return 1;
}
