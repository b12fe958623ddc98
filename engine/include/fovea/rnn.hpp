// Recurrent networks as layers: GRU (Cho et al. 2014, section 2.3) and LSTM (Hochreiter and Schmidhuber 1997;
// Gers et al. 2000), with the weights, gates and equations of PyTorch's nn.GRU and nn.LSTM.
#pragma once

#include <string>
#include <vector>

#include "fovea/cells.hpp"
#include "fovea/nn.hpp"

namespace fovea FOVEA_API {

enum class Cell : uint8_t { gru, lstm };
inline int64_t gates_of(Cell cell) { return cell == Cell::gru ? 3 : 4; }  // r, z, n or i, f, g, o

struct RnnConfig {
  Cell cell = Cell::gru;
  int64_t in = 0, width = 0;  // of the input, and of the state in one direction
  int64_t layers = 1;
  bool bidirectional = false;

  int64_t directions() const { return bidirectional ? 2 : 1; }
  int64_t out() const { return width * directions(); }
  int64_t in_of(int64_t layer) const { return layer == 0 ? in : out(); }
};

// What is handed from step to step: of layer 0 forwards, layer 0 backwards if there is that, layer 1, ..;
// each (batch, width). c: of LSTM only.
struct RnnState {
  std::vector<Tensor> h, c;
};

class Rnn {
 public:
  // Of one layer in one direction, row by row as PyTorch stores them; in the order of RnnState.
  struct Weights {
    std::vector<float> input;                    // weight_ih: (gates * width, in)
    std::vector<float> hidden;                   // weight_hh: (gates * width, width)
    std::vector<float> input_bias, hidden_bias;  // bias_ih, bias_hh: (gates * width)
  };
  // Error: weights of other numbers or sizes.
  Rnn(Device& device, const RnnConfig& config, const std::vector<Weights>& weights, Use use = Use::inference);
  // Weights that have learnt nothing yet: uniform within 1 / sqrt(width), as PyTorch begins.
  static std::vector<Weights> fresh(const RnnConfig& config, uint64_t seed);

  struct Options {
    RnnState start = {};   // absent: zeros
    Tensor lengths = {};   // (batch) u32: steps of each row; behind them it gives zeros
    Dropout dropout = {};  // between layers
  };
  struct Result {
    Tensor out;      // (steps, batch, out()): of the last layer, forwards then backwards
    RnnState state;  // when all steps of each row are done
  };
  Result operator()(Tensor x, const Options& options) const;  // x: (steps, batch, in)
  Result operator()(Tensor x) const { return (*this)(x, {}); }
  // One step of a network that goes forwards, such as in a decoding: x (batch, in) -> out (batch, width).
  Result step(Tensor x, const RnnState& start, const Dropout& dropout = {}) const;
  // The same of an input whose rear columns are known for all steps at once, of a network for training: what
  // they add to the first layer's gates, its input bias too, x (.., rear) -> gates (.., gates * width),
  struct Rear {
    Tensor gates;
    int64_t columns = 0;  // rear
  };
  Rear rear_gates(Tensor x) const;
  // and a step with the front columns, x (batch, in - rear), rear.gates (batch, gates * width).
  Result step(Tensor x, const Rear& rear, const RnnState& start, const Dropout& dropout) const;

  const RnnConfig& config() const { return config_; }
  // By PyTorch's names: name.weight_ih_l0, name.weight_hh_l0, name.bias_ih_l0, name.bias_hh_l0,
  // name.weight_ih_l0_reverse, ..
  void parameters(const std::string& name, Parameters& to);

 private:
  struct Layer {
    State input, hidden;  // for training as given; else transposed, in the panels that products read
    State input_bias, hidden_bias;
  };
  struct Step {
    Tensor out, last, cell;
  };
  Tensor input_gates(const Layer& layer, Tensor x) const;
  Step run(const Layer& layer, Tensor gates, const RecurrentOptions& options) const;
  Result layers(Tensor x, Tensor gates, const Options& options) const;

  RnnConfig config_;
  std::vector<Layer> layers_;
};

// What PyTorch puts behind the names of a layer's tensors: "_l0", "_l0_reverse", "_l1", ..; layer: of
// Rnn::Weights.
std::string rnn_suffix(const RnnConfig& config, int64_t layer);

}  // namespace fovea
