#include "trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace fovea;

namespace {

constexpr float kDye = std::numeric_limits<float>::quiet_NaN();

size_t position(Kind kind, size_t i, size_t count, size_t n) {
  return kind == Kind::cnn ? i % n : i / (count / n);
}

std::vector<bool> dyed_positions(Kind kind, const Floats& y, int64_t n) {
  std::vector<bool> found(static_cast<size_t>(n));
  for (size_t i = 0; i < y.size(); ++i)
    if (std::isnan(y[i])) found[position(kind, i, y.size(), size_t(n))] = true;
  return found;
}

class Round {
 public:
  Round(Device& device, const Layers& layers, Kind kind, int64_t n)
      : kind_(kind), n_(n), x_(graph_.input(layers.shape(kind, n))) {
    if (kind == Kind::rnn) {
      const Shape rows{n, layers.width()};
      results_ = graph_.input(rows);
      const Tensor before = pad(slice(results_, 0, 0, n - 1), 0, 1, 0);  // of the position before, at first 0
      out_ = layers.rnn().step(reshape(x_, rows), {.h = {before}, .c = {}}).out;
    } else {
      out_ = layers(kind, x_);
    }
    plan_.emplace(device, graph_, std::vector{out_});
  }

  int64_t steps(const Floats& x, Floats& y) {
    plan_->write(x_, x);
    y.assign(x.size(), kDye);
    return until(
        [&](const Floats& made) {
          y = made;
          if (results_) plan_->write(results_, y);
          return dyed(kind_, y, n_) == 0;
        },
        y);
  }

  int64_t path(const Floats& x) {
    plan_->write(x_, with_dye(kind_, x, n_));
    const Tensor handed_on = results_ ? results_ : x_;  // through one recurrent layer, or from layer to layer
    return until(
        [&](const Floats& made) {
          const std::vector<bool> reached = dyed_positions(kind_, made, n_);
          Floats next(made.size());
          for (size_t i = 0; i < next.size(); ++i)
            if (reached[position(kind_, i, next.size(), size_t(n_))]) next[i] = kDye;
          plan_->write(handed_on, next);
          return bool(reached.back());
        },
        Floats(x.size()));
  }

 private:
  // Rounds until `done` with what one has made, which also hands it on; `results` is what the first one
  // reads.
  template <class Done>
  int64_t until(const Done& done, const Floats& results) {
    if (results_) plan_->write(results_, results);
    for (int64_t rounds = 1; rounds <= kMost; ++rounds) {
      plan_->run();
      if (done(plan_->read(out_))) return rounds;
    }
    throw std::runtime_error(
        fmt::format("{}: nothing arrives within {} rounds of {} positions", name(kind_), kMost, n_));
  }

  static constexpr int64_t kMost = 1 << 16;
  Kind kind_;
  int64_t n_;
  Graph graph_;
  Tensor x_, results_, out_;  // results_: (n, width) of the round before, where the layer reads them
  std::optional<Plan> plan_;
};

}  // namespace

int64_t dyed(Kind kind, const Floats& y, int64_t n) {
  return std::ranges::count(dyed_positions(kind, y, n), true);
}

Floats with_dye(Kind kind, Floats x, int64_t n) {
  for (size_t i = 0; i < x.size(); ++i)
    if (position(kind, i, x.size(), size_t(n)) == 0) x[i] = kDye;
  return x;
}

Trace trace(Device& device, const Layers& layers, Kind kind, int64_t n) {
  Graph graph;
  const Tensor input = graph.input(layers.shape(kind, n)), output = layers(kind, input);
  Plan plan(device, graph, {output});
  const Floats x = random_floats(input.shape().elements(), uint64_t(n));
  plan.write(input, x);
  plan.run();

  Round round(device, layers, kind, n);
  Floats made;
  Trace found{.steps = round.steps(x, made), .path = round.path(x)};
  const Floats expected = plan.read(output);
  for (size_t i = 0; i < made.size(); ++i) {
    const double apart = std::abs(double(made[i]) - double(expected[i]));
    if (!(apart <= found.worst)) found.worst = apart;  // NaN too
  }
  return found;
}
