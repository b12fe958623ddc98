// Slides 9 to 15: soft attention between words, itself and several heads.
#include <fovea/figure.hpp>

#include "plain.h"
#include "slides.h"

using namespace fovea;

namespace {

using Words = std::vector<std::string>;

constexpr size_t kWidth = 8;

// What attends to what, and how.
struct Question {
  std::vector<float> q, k, v;  // (words, width)
  Words queries, keys;
  float scale;
};

struct Answer {
  std::vector<float> weights, out;
};

// One head: weights for show, and attention() itself.
Answer ask(Slides& slides, const std::string& slide, const Question& question) {
  const int64_t queries = int64_t(question.queries.size()), keys = int64_t(question.keys.size());
  Graph graph;
  const Tensor q = graph.input({1, 1, queries, kWidth}), k = graph.input({1, 1, keys, kWidth}),
               v = graph.input({1, 1, keys, kWidth});
  const AttentionOptions options{.scale = question.scale};
  const Attention made = attention(q, k, v, options);
  const Tensor weights = attention_weights(q, k, made.lse, {}, options);  // (1, 1, queries, keys)
  Plan plan(slides.device, graph, {made.out, weights});
  plan.write(q, question.q);
  plan.write(k, question.k);
  plan.write(v, question.v);
  plan.run();
  const Answer answer{plan.read(weights), plan.read(made.out)};
  fmt::print("{}: queries ({}, {}), keys and values ({}, {}) -> weights ({}, {})\n", slide, queries, kWidth,
             keys, kWidth, queries, keys);
  const Numbers want = plain_weights(question.q, question.k, kWidth, double(question.scale));
  slides.sample.number(slide + ": worst difference of weights", worst_difference(answer.weights, want), 0,
                       1e-5);
  slides.sample.number(slide + ": worst difference of the result",
                       worst_difference(answer.out, plain_sums(want, question.v, kWidth)), 0, 1e-5);
  return answer;
}

void draw(Slides& slides, const std::string& name, const Question& question,
          const std::vector<float>& weights) {
  if (!slides.draws()) return;
  const int64_t queries = int64_t(question.queries.size()), keys = int64_t(question.keys.size());
  show_heatmaps(slides.picture(name), {.queries = queries, .keys = keys, .values = weights},
                {.xlabel = "keys",
                 .ylabel = "queries",
                 .xticks = question.keys,
                 .yticks = question.queries,
                 .height = std::max(0.6, 0.5 * double(queries))});
}

std::vector<float> words_as_numbers(const Words& words, uint32_t seed) {
  return random_numbers(words.size() * kWidth, seed);
}

// Slide 9: the decoder's state asks the encoder's by inner product. The states are turned until the weights
// are the slide's.
void soft_attention(Slides& slides) {
  const Words source{"この", "小説", "は", "人気", "です"};
  const std::vector<double> shown{0.07, 0.8, 0.01, 0.1, 0.02};
  Question question{random_numbers(kWidth, slides.sample.seed + 1),
                    words_as_numbers(source, slides.sample.seed + 2),
                    {},
                    {"novel"},
                    source,
                    1};
  double length = 0;
  for (const float each : question.q) length += double(each) * double(each);
  for (size_t word = 0; word < source.size(); ++word) {
    float* state = question.k.data() + word * kWidth;
    double product = 0;
    for (size_t d = 0; d < kWidth; ++d) product += double(question.q[d]) * double(state[d]);
    const double missing = std::log(shown[word]) - product;
    for (size_t d = 0; d < kWidth; ++d) state[d] += float(missing / length * double(question.q[d]));
  }
  question.v = question.k;  // what the decoder gets are the encoder's states themselves
  const Answer answer = ask(slides, "slide 9", question);
  for (size_t word = 0; word < source.size(); ++word)
    slides.sample.number("slide 9: weight of " + source[word], double(answer.weights[word]), shown[word],
                         1e-5);
  draw(slides, "slide-09-soft-attention.png", question, answer.weights);
}

// Slides 11 to 14: one formula, whose operands come from one sentence or from two.
void self_and_source_target(Slides& slides) {
  const Words japanese{"私", "は", "天才"}, source{"私", "は", "天才", "です"},
      target{"I", "am", "a", "genius"};
  const uint32_t seed = slides.sample.seed;
  const float scaled = 1 / std::sqrt(float(kWidth));
  const std::vector<float> of_japanese = words_as_numbers(japanese, seed + 3),
                           of_source = words_as_numbers(source, seed + 4),
                           of_target = words_as_numbers(target, seed + 5);

  const Question formula{of_target, of_source, words_as_numbers(source, seed + 6), target, source, scaled};
  draw(slides, "slide-11-scaled-dot.png", formula, ask(slides, "slide 11", formula).weights);

  const Question self{of_japanese, of_japanese, of_japanese, japanese, japanese, scaled};
  const Answer itself = ask(slides, "slide 12", self);
  draw(slides, "slide-12-self.png", self, itself.weights);

  const Question across{of_target, of_source, of_source, target, source, 1};
  const Answer between = ask(slides, "slide 13", across);
  draw(slides, "slide-13-source-target.png", across, between.weights);

  // Where queries and keys are the same numbers a word sees itself most; words of two sentences do not.
  const auto diagonal = [](const Answer& answer, size_t words) {
    double sum = 0;
    for (size_t i = 0; i < words; ++i) sum += double(answer.weights[i * words + i]) / double(words);
    return sum;
  };
  fmt::print(
      "slide 14: self-attention takes q, k, v of one sentence, source-target attention q of the other\n");
  slides.sample.number("slide 14: of a word on itself, self", diagonal(itself, 3));
  slides.sample.number("slide 14: of a word on the same place, across", diagonal(between, 4));
  slides.sample.holds("slide 14: more than an even share on itself", diagonal(itself, 3) > 1.0 / 3);
}

// Slide 15: heads see different things; for display their mean is taken.
void heads(Slides& slides) {
  constexpr int64_t kHeads = 4, kHeadDim = 4;
  constexpr size_t kSize = size_t(kHeads * kHeadDim);
  const Words words{"私", "は", "天才", "です", "。"};
  const int64_t tokens = int64_t(words.size());
  const size_t cells = words.size() * words.size();
  const std::vector<float> q = random_numbers(words.size() * kSize, slides.sample.seed + 7),
                           k = random_numbers(words.size() * kSize, slides.sample.seed + 8);
  Graph graph;
  const Tensor queries = graph.input({1, kHeads, tokens, kHeadDim}),
               keys = graph.input({1, kHeads, tokens, kHeadDim});
  const Attention made = attention(queries, keys, keys);
  const Tensor weights = attention_weights(queries, keys, made.lse);  // (1, heads, tokens, tokens)
  const Tensor average = mean(weights, 1);                            // (1, 1, tokens, tokens)
  Plan plan(slides.device, graph, {weights, average});
  plan.write(queries, q);
  plan.write(keys, k);
  plan.run();
  Numbers want(cells);
  for (int64_t head = 0; head < kHeads; ++head) {
    const auto of = [&](const std::vector<float>& x) {
      const auto from = x.begin() + head * tokens * kHeadDim;
      return std::vector<float>(from, from + tokens * kHeadDim);
    };
    const Numbers one = plain_weights(of(q), of(k), kHeadDim, 0.5);
    for (size_t i = 0; i < cells; ++i) want[i] += one[i] / double(kHeads);
  }
  fmt::print("slide 15: {} heads {} -> their mean {}\n", kHeads, to_string(weights.shape()),
             to_string(average.shape()));
  slides.sample.number("slide 15: worst difference of the mean", worst_difference(plan.read(average), want),
                       0, 1e-5);
  if (!slides.draws()) return;
  Matrices drawn{.columns = kHeads + 1, .queries = tokens, .keys = tokens, .values = plan.read(weights)};
  const std::vector<float> last = plan.read(average);
  drawn.values.insert(drawn.values.end(), last.begin(), last.end());
  show_heatmaps(slides.picture("slide-15-heads.png"), drawn,
                {.xlabel = "keys",
                 .ylabel = "queries",
                 .titles = {"head 1", "head 2", "head 3", "head 4", "mean"},
                 .xticks = words,
                 .yticks = words,
                 .width = 1.6,
                 .height = 1.6});
}

}  // namespace

void attention_slides(Slides& slides) {
  soft_attention(slides);
  self_and_source_target(slides);
  heads(slides);
}
