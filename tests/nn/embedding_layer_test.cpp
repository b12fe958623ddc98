// Embedding against its formula, a step against the whole, and the sinusoids that may be its positions.
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/nn.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Pair i of column pairs has a wavelength of 2 pi * 10000^(i / pairs), or / (pairs - 1) to the end.
std::vector<double> reference(int64_t count, int64_t width, const Sinusoids& what) {
  std::vector<double> table;
  for (int64_t row = 0; row < count; ++row)
    for (int64_t column = 0; column < width; ++column) {
      const int64_t pairs = width / 2;
      const int64_t pair = what.interleaved ? column / 2 : column % pairs;
      const bool cosine = what.interleaved ? column % 2 == 1 : column >= pairs;
      const double wave = std::pow(10000.0, double(pair) / double(what.to_the_end ? pairs - 1 : pairs));
      const double angle = double(what.first + row) / wave;
      table.push_back(cosine ? std::cos(angle) : std::sin(angle));
    }
  return table;
}

constexpr int64_t kVocab = 7, kPositions = 6, kTypes = 3, kBatch = 2, kTokens = 5, kWidth = 12;
constexpr float kScale = 3.5f, kEps = 1e-5f;

State state_of(const Shape& shape, const std::vector<float>& values) {
  State state(device(), shape);
  state.write(values);
  return state;
}

struct Tables {
  std::vector<float> tokens = random_values(kVocab * kWidth, 1),
                     places = random_values(kPositions * kWidth, 2),
                     types = random_values(kTypes * kWidth, 3), weight = random_values(kWidth, 4),
                     bias = random_values(kWidth, 5);

  // With all of them, or with the first alone.
  Embedding embedding(bool all) const {
    Embedding::Parts parts{.tokens = state_of({kVocab, kWidth}, tokens), .scale = all ? kScale : 1};
    if (!all) return Embedding(std::move(parts));
    parts.positions = state_of({kPositions, kWidth}, places);
    parts.types = state_of({kTypes, kWidth}, types);
    parts.norm.emplace(device(), weight, bias, kEps);
    return Embedding(std::move(parts));
  }
  std::vector<double> row(int64_t token, int64_t place, int64_t type) const {
    std::vector<double> x;
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < kWidth; ++c) {
      x.push_back(double(kScale) * double(tokens[size_t(token * kWidth + c)]) +
                  double(places[size_t(place * kWidth + c)]) + double(types[size_t(type * kWidth + c)]));
      mean += x.back() / kWidth;
    }
    for (double value : x) variance += (value - mean) * (value - mean) / kWidth;
    for (size_t c = 0; c < size_t(kWidth); ++c)
      x[c] = (x[c] - mean) / std::sqrt(variance + double(kEps)) * double(weight[c]) + double(bias[c]);
    return x;
  }
};

}  // namespace

TEST_CASE("an embedding adds positions and types to scaled rows and normalises them") {
  const Tables tables;
  const Embedding whole = tables.embedding(true), bare = tables.embedding(false);
  const std::vector<uint32_t> tokens = random_ids(kBatch * kTokens, 6, kVocab),
                              given = random_ids(kBatch * kTokens, 7, kTypes);
  for (const bool typed : {true, false}) {
    INFO("types " << typed);
    Graph graph;
    const Tensor ids = graph.input({kBatch, kTokens}, DType::u32),
                 types = graph.input(ids.shape(), DType::u32);
    std::vector<double> want;
    for (size_t i = 0; i < tokens.size(); ++i)
      for (double value : tables.row(tokens[i], int64_t(i) % kTokens, typed ? given[i] : 0))
        want.push_back(value);
    const Tensor made = typed ? whole(ids, types) : whole(ids);
    const std::vector<Input> inputs =
        typed ? std::vector<Input>{{ids, tokens}, {types, given}} : std::vector<Input>{{ids, tokens}};
    check_close(run(graph, inputs, made), want, kRow);
  }
  std::vector<double> rows;
  for (uint32_t token : tokens)
    for (int64_t c = 0; c < kWidth; ++c) rows.push_back(double(tables.tokens[size_t(token * kWidth + c)]));
  Graph graph;
  const Tensor ids = graph.input({kBatch, kTokens}, DType::u32);
  check_close(run(graph, {{ids, tokens}}, bare(ids)), rows, kExact);
}

TEST_CASE("an embedding's step gives the rows of its place, bit for bit") {
  const Tables tables;
  Embedding::Parts parts{.tokens = state_of({kVocab, kWidth}, tables.tokens), .scale = kScale};
  parts.positions = state_of({kPositions, kWidth}, tables.places);
  const Embedding embedding(std::move(parts));
  const std::vector<uint32_t> tokens = random_ids(kBatch * kTokens, 6, kVocab);
  Graph whole;
  const Tensor all = whole.input({kBatch, kTokens}, DType::u32);
  const std::vector<float> want = run(whole, {{all, tokens}}, embedding(all));
  for (int64_t t = 0; t < kTokens; ++t) {
    INFO("place " << t);
    Graph graph;
    const Tensor ids = graph.input({kBatch}, DType::u32), place = graph.input({1}, DType::u32);
    std::vector<uint32_t> column;
    std::vector<double> rows;
    for (int64_t b = 0; b < kBatch; ++b) {
      column.push_back(tokens[size_t(b * kTokens + t)]);
      const auto row = want.begin() + (b * kTokens + t) * kWidth;
      rows.insert(rows.end(), row, row + kWidth);
    }
    check_close(
        run(graph, {{ids, column}, {place, std::vector<uint32_t>{uint32_t(t)}}}, embedding.step(ids, place)),
        rows, kExact);
  }
}

TEST_CASE("an embedding's parameters are what it has and learns") {
  const Tables tables;
  const auto names = [](Embedding embedding) {
    Parameters all;
    embedding.parameters("model", all);
    std::vector<std::string> made;
    for (const Parameter& parameter : all) made.push_back(parameter.name);
    return made;
  };
  CHECK(names(tables.embedding(true)) == std::vector<std::string>{"model.weight", "model.positions",
                                                                  "model.types", "model.norm.weight",
                                                                  "model.norm.bias"});
  CHECK(names(tables.embedding(false)) == std::vector<std::string>{"model.weight"});
  Embedding::Parts parts{.tokens = state_of({kVocab, kWidth}, tables.tokens), .learned_positions = false};
  parts.positions = state_of({kPositions, kWidth}, sinusoids(kPositions, kWidth, {}));
  CHECK(names(Embedding(std::move(parts))) == std::vector<std::string>{"model.weight"});
}

TEST_CASE("an embedding rejects ids that it has no positions for, and types that are not those of the ids") {
  const Tables tables;
  const Embedding whole = tables.embedding(true), bare = tables.embedding(false);
  Graph graph;
  const Tensor ids = graph.input({2, 7}, DType::u32), few = graph.input({2, 3}, DType::u32),
               one = graph.input({2}, DType::u32);
  check_rejects([&] { whole(ids); }, {"embedding", "7 tokens", "6 positions"});
  check_rejects([&] { whole(one); }, {"embedding", "(2)", "(batch, tokens)"});
  check_rejects([&] { whole(few, ids); }, {"embedding", "(2, 7)", "(2, 3)"});
  check_rejects([&] { bare(few, few); }, {"embedding", "0 types"});
  check_rejects([&] { whole.step(one, one); }, {"embedding", "types"});
}

TEST_CASE("sinusoids follow their formula, in halves and in turn, to the end and not") {
  for (const int64_t width : {4, 6, 32})
    for (const int64_t first : {0, 1, 2})
      for (const bool interleaved : {false, true})
        for (const bool to_the_end : {false, true}) {
          const Sinusoids what{first, interleaved, to_the_end};
          INFO("width " << width << ", first " << first << ", in turn " << interleaved << ", to the end "
                        << to_the_end);
          check_close(sinusoids(7, width, what), reference(7, width, what), kElementwise);
        }
}

TEST_CASE("sinusoids of the first positions, by hand") {
  const float s1 = std::sin(1.0f), c1 = std::cos(1.0f), s2 = std::sin(0.01f), c2 = std::cos(0.01f);
  check_close(sinusoids(2, 4, {}), {0, 0, 1, 1, s1, s2, c1, c2}, kElementwise);
  check_close(sinusoids(2, 4, {.interleaved = true}), {0, 1, 0, 1, s1, c1, s2, c2}, kElementwise);
  const float s4 = std::sin(0.0001f), c4 = std::cos(0.0001f);
  check_close(sinusoids(1, 4, {.first = 1, .to_the_end = true}), {s1, s4, c1, c4}, kElementwise);
}

TEST_CASE("sinusoids need an even width of at least 4") {
  check_rejects([] { sinusoids(2, 5, {}); }, {"sinusoids", "5"});
  check_rejects([] { sinusoids(2, 2, {}); }, {"sinusoids", "2"});
}
