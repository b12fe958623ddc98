#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "fovea/train_log.hpp"

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <io.h>
#include <windows.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kRedraw = 0.2;                       // seconds between two drawings of the bar
constexpr size_t kShortestBar = 6, kLongestBar = 30;  // characters between the brackets

int terminal_columns() {
#ifdef _WIN32
  CONSOLE_SCREEN_BUFFER_INFO info;
  if (GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &info))
    return info.srWindow.Right - info.srWindow.Left + 1;
#else
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
#endif
  return 80;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Six digits; JSON has no NaN and no infinity.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (std::abs(value) < 1e15 && value == std::round(value)) return int64_t(value);
  return std::stod(fmt::format("{:.6g}", value));
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // of bytes that are no UTF-8
}

Json json_of(const TrainPoint& point) {
  return {{"step", point.step},
          {"epoch", point.epoch},
          {"loss", number(point.loss)},
          {"rate", number(point.rate)},
          {"norm", number(point.norm)},
          {"items_per_second", number(point.items_per_second)},
          {"seconds_left", number(point.seconds_left)}};
}

Json json_of(const TrainValidation& validation) {
  Json json = {{"epoch", validation.epoch}, {"step", validation.step}};
  for (const auto& [name, value] : validation.measures) {
    FOVEA_CHECK(!json.contains(name) && name != "best", "train log: a measure has the name \"", name,
                "\", which is taken");
    json[name] = number(value);
  }
  json["best"] = validation.best;
  return json;
}

std::string text_of(const TrainValidation& validation) {
  std::string text = fmt::format("epoch {}  step {}", validation.epoch, validation.step);
  for (const auto& [name, value] : validation.measures) text += fmt::format("  {} {:.6g}", name, value);
  return text + (validation.best ? "  best" : "");
}

std::string clock_time(double seconds) {  // 0:59, 12:09, 26:12:09
  const auto all = int64_t(std::min(seconds, 1e9) + 0.5);
  const int64_t hours = all / 3600, minutes = all / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, all % 60)
                   : fmt::format("{}:{:02}", minutes, all % 60);
}

// The bar in brackets takes the columns that the rest leaves; without room for it, the rest alone is cut.
std::string bar_line(const TrainPoint& point, size_t columns) {
  const std::string front = fmt::format("epoch {}  {}/{} ", point.epoch, point.step, point.steps);
  std::string back = fmt::format(" loss {:.4f}  rate {:.1e}", point.loss, point.rate);
  if (point.items_per_second > 0) back += fmt::format("  {:.0f}/s", point.items_per_second);
  if (point.seconds_left > 0) back += fmt::format("  {} left", clock_time(point.seconds_left));
  const size_t rest = front.size() + back.size() + 2;
  std::string bar;
  if (columns >= rest + kShortestBar) {
    const size_t length = std::min(columns - rest, kLongestBar);
    const double share = point.steps > 0 ? double(point.step) / double(point.steps) : 0;
    bar.assign(size_t(std::clamp(share, 0.0, 1.0) * double(length)), '=');
    if (bar.size() < length) bar += '>';
    bar = fmt::format("[{:<{}}]", bar, length);
  }
  return (front + bar + back).substr(0, columns);
}

// Opens it to append whole lines: a line that an earlier run did not finish is ended.
void open_log(std::ofstream& file, const std::string& name) {
  std::ifstream old(name, std::ios::binary);
  const bool torn = old && old.seekg(-1, std::ios::end) && old.get() != '\n';
  file.open(name, std::ios::binary | std::ios::app);
  FOVEA_CHECK(file, name, ": cannot open for writing");
  if (torn) file << '\n';
}

}  // namespace

bool stderr_is_terminal() {
#ifdef _WIN32
  return _isatty(_fileno(stderr)) != 0;
#else
  return ::isatty(STDERR_FILENO) != 0;
#endif
}

TrainLog::TrainLog(const TrainLogOptions& options)
    : options_(options),
      out_(options.out        ? options.out
           : options.terminal ? &std::cerr
                              : &std::cout) {
  FOVEA_CHECK(options.every >= 1, "train log: a line every ", options.every, " steps");
  FOVEA_CHECK(options.columns >= 0, "train log: a terminal of ", options.columns, " columns");
  if (!options.file.empty()) open_log(file_, options.file);
}

TrainLog::~TrainLog() {
  try {
    end_line();
  } catch (...) {  // of a stream of the caller's that throws
  }
}

void TrainLog::step(const TrainPoint& point) {
  sum_ += point.loss;
  ++count_;
  // A loss that is not finite does not stay in the average.
  seen_ = std::isfinite(average_) ? std::min(seen_ + 1, options_.every / 2 + 1) : 1;
  average_ = seen_ == 1 ? point.loss : average_ + (point.loss - average_) / double(seen_);
  point_ = point;
  point_.loss = average_;
  const int64_t before = last_ < 0 ? point.step - 1 : last_;
  last_ = point.step;
  if (point.step / options_.every != before / options_.every || point.step == point.steps) {
    TrainPoint line = point;
    line.loss = sum_ / double(count_);
    write_json(text_of(json_of(line)));
    sum_ = 0;
    count_ = 0;
  }
  if (options_.terminal && (drawn_ == 0 || now() - drawn_at_ >= kRedraw)) draw();
}

void TrainLog::validation(const TrainValidation& validation) {
  const Json json = json_of(validation);  // may throw: before anything is written
  end_line();
  write_json(text_of(json));
  if (options_.terminal) *out_ << text_of(validation) << std::endl;
}

void TrainLog::note(std::string_view text) {
  Json json;
  json["note"] = text;
  end_line();
  write_json(text_of(json));
  if (options_.terminal) *out_ << text << std::endl;
}

void TrainLog::write_json(const std::string& line) {
  if (!options_.terminal) *out_ << line << std::endl;
  if (options_.file.empty()) return;
  file_ << line << std::endl;
  FOVEA_CHECK(file_, options_.file, ": cannot append ", line.size() + 1, " bytes");
}

void TrainLog::draw() {
  const int columns = options_.columns > 0 ? options_.columns : terminal_columns();
  // The last column stays empty: in it some terminals go on to the next line.
  const std::string line = bar_line(point_, size_t(std::max(columns - 1, 1)));
  const size_t rest = drawn_ > line.size() ? drawn_ - line.size() : 0;  // of a longer line before
  *out_ << '\r' << line << std::string(rest, ' ') << std::flush;
  drawn_ = std::max(line.size(), size_t(1));
  drawn_at_ = now();
}

void TrainLog::end_line() {
  if (drawn_ == 0) return;
  draw();
  *out_ << std::endl;
  drawn_ = 0;
}

}  // namespace fovea
