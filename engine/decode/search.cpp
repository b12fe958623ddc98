#include "decode/search.h"

#include <bit>
#include <utility>

#include "core/check.h"

namespace fovea {
namespace {

constexpr int64_t kHistories = kParities * kKinds;

SearchParams layout(int64_t batch, int64_t beams, int64_t length, uint32_t eos, bool ordered) {
  FOVEA_CHECK(batch >= 1 && beams >= 1 && length >= 1, "search: batch ", batch, ", beams ", beams,
              ", length ", length, " must be at least 1");
  FOVEA_CHECK(batch * beams * length * kHistories < int64_t(1) << 32, "search: ", batch, " sentences of ",
              beams, " beams and ", length, " steps are more than a buffer holds");
  SearchParams p{uint32_t(batch), uint32_t(batch), uint32_t(beams), uint32_t(length)};
  const uint32_t rows = p.batch * p.beams;
  uint32_t next = kSections;
  const auto section = [&next](uint32_t words) { return std::exchange(next, next + words); };
  if (ordered) p.order = section(p.batch);
  p.tokens = section(rows);
  p.scores = section(2 * rows);
  p.ends = section(p.batch);
  p.prompt = section(p.batch);
  p.seeds = section(p.batch);
  p.pool_scores = section(rows);
  p.pool_lengths = section(rows);
  p.given = section(p.batch * (1 + p.steps));
  p.eos = eos;
  return p;
}

int64_t words(const SearchParams& p) { return int64_t(p.given) + int64_t(p.batch) * (1 + p.steps); }

}  // namespace

Search::Search(Device& device, int64_t batch, int64_t beams, int64_t length, uint32_t eos, bool ordered)
    : Search(device, layout(batch, beams, length, eos, ordered)) {}

Search::Search(const Search& of, int64_t places)
    : StepState{of.params, State(of.control, 0, of.control.shape()),
                State(of.history, 0, of.history.shape())} {
  FOVEA_CHECK(places >= 1 && places <= of.params.batch && (of.params.order != 0 || places == of.params.batch),
              "search: ", places, " places of ", of.params.batch, " sentences",
              of.params.order == 0 ? " that keep theirs" : "");
  params.places = uint32_t(places);
}

Search::Search(Device& device, const SearchParams& p)
    : StepState{p, State(device, {words(p)}, DType::u32),
                State(device, {kHistories * p.batch * p.beams * p.steps}, DType::u32)} {}

StepTokens step_tokens(Graph& graph, const StepState& search) {
  const Tensor control = graph.use(search.control, "control");
  return {.tokens = slice(control, 0, search.params.tokens, search.rows()),
          .place = slice(control, 0, kStepWord, 1)};
}

std::vector<uint32_t> Search::initial(uint32_t start) const {
  std::vector<uint32_t> all(control.shape().elements(), 0);
  all[kUnfinishedWord] = params.batch;
  for (uint32_t row = 0; row < uint32_t(rows()); ++row) {
    all[params.tokens + row] = start;
    all[params.scores + row] = std::bit_cast<uint32_t>(row % params.beams == 0 ? 0.0f : kNever);
    all[params.pool_scores + row] = std::bit_cast<uint32_t>(kNever);
  }
  std::fill(all.begin() + params.given, all.end(), kNoToken);
  for (uint32_t b = 0; b < params.batch; ++b) {
    if (params.order != 0) all[params.order + b] = b;
    all[params.ends + b] = params.steps;
    all[params.given + b * (1 + params.steps)] = start;
  }
  return all;
}

}  // namespace fovea
