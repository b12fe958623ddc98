// What a training says while it runs: a progress bar or lines of JSON.
#pragma once

#ifdef FOVEA_INFERENCE_ONLY
#error "fovea/train_log.hpp: this library was built without training, FOVEA_TRAINING is OFF"
#endif

#include <cstdint>
#include <fstream>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fovea/version.h"

namespace fovea FOVEA_API {

// One step of a training. What is not known is 0, norm and seconds_left also NaN.
struct TrainPoint {
  int64_t step = 0, steps = 0;  // steps done, this one counted, and planned in all
  int64_t epoch = 0;
  double loss = 0, rate = 0, norm = 0;  // of the step: loss, learning rate, norm of the gradient
  double items_per_second = 0;          // images or tokens
  double seconds_left = 0;
};

struct TrainValidation {
  int64_t epoch = 0, step = 0;
  std::vector<std::pair<std::string, double>> measures;  // such as {"bleu", 31.2}
  bool best = false;                                     // of all so far
};

bool stderr_is_terminal();

struct TrainLogOptions {
  std::string file;                      // JSON lines are appended to it; empty: none
  bool terminal = stderr_is_terminal();  // a progress bar on stderr; false: JSON lines on stdout
  int64_t every = 50;                    // steps that a step line stands for
  std::ostream* out = nullptr;           // instead of stderr or stdout
  int columns = 0;                       // of the terminal; 0: as wide as it is, or 80
};

// On a terminal a line that is drawn anew at most five times a second, its loss a moving average:
//   epoch 3  1200/9800 [==>                 ] loss 2.3451  rate 3.0e-04  4512/s  7:09 left
// which stays where it is when a validation or a note comes. Otherwise, and in the file, JSON objects, one a
// line, flushed. A step line comes when the steps pass a multiple of `every` and at the last step; its loss
// is the mean since the step line before. Numbers have six digits; what is not finite is null.
//   {"step":1200,"epoch":3,"loss":2.3451,"rate":0.0003,"norm":1.2,"items_per_second":4512,"seconds_left":429}
//   {"epoch":3,"step":9800,"bleu":31.2,"best":true}
//   {"note":"..."}
// For one thread. Error: options out of range, a measure of one of the names above or of another measure's,
// a file that cannot be written, naming it.
class TrainLog {
 public:
  explicit TrainLog(const TrainLogOptions& options = {});
  ~TrainLog();
  TrainLog(const TrainLog&) = delete;
  TrainLog& operator=(const TrainLog&) = delete;

  void step(const TrainPoint& point);
  void validation(const TrainValidation& validation);
  void note(std::string_view text);

 private:
  void write_json(const std::string& line);
  void draw();      // the bar
  void end_line();  // behind the bar, drawn a last time

  TrainLogOptions options_;
  std::ofstream file_;
  std::ostream* out_;
  double sum_ = 0;      // of the losses since the last step line
  int64_t count_ = 0;   // of them
  int64_t last_ = -1;   // the step of the last call
  double average_ = 0;  // moving, of the loss
  int64_t seen_ = 0;    // losses in it
  TrainPoint point_;    // of the last call
  double drawn_at_ = -1;
  size_t drawn_ = 0;  // characters of the bar on the line; 0: none
};

}  // namespace fovea
