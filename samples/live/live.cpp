#include "live.h"

#include <fmt/format.h>

#include <algorithm>
#include <fovea/png.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

namespace {

template <class Duration>
double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

nlohmann::ordered_json spread(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double part) {
    return values.empty() ? 0 : values[size_t(part * double(values.size() - 1))];
  };
  return {{"median", at(0.5)}, {"p99", at(0.99)}, {"longest", at(1)}};
}

}  // namespace

Live::Live(Host& host, const Options& options)
    : options_(options),
      host_(host),
      scene_(host, {options.scene, options.seconds, options.rate}),
      window_(host, options.width, options.height, "Fovea: live"),
      watcher_(host, options.model, scene_.camera()),
      quads_(host, window_.pass(), std::array{&scene_.camera(), &watcher_.map()}),
      gui_(host, window_, options.font) {
  choice_.look.layer = options.layer - 1;
  choice_.look.head = options.head - 1;
}

void Live::run() {
  const double refresh = options_.refresh > 0 ? options_.refresh : window_.refresh();
  const auto period = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / refresh));
  Clock::time_point last = Clock::now(), next = last;
  int counted = 0;  // --frames counts those in which Fovea looks
  bool ends = false;
  while (!ends && window_.shown()) {
    // A display that does not hold the host back, as under Xvfb, is not drawn to more often than it shows.
    std::this_thread::sleep_until(next);
    next = std::max(next + period, Clock::now() - period);
    glfwPollEvents();
    const bool ready = watcher_.ready();
    if (ready && counted == 0) check_choice();
    counted += ready;
    ends = counted > 0 && counted == options_.frames;
    frame(ready, ends);
    const Clock::time_point now = Clock::now();
    times_.add(milliseconds(now - last), window_.time());
    // window_.time() is of the frame before the last, and the last one may write a file.
    if (counted > 2 && !ends) {
      frames_.push_back(milliseconds(now - last));
      fovea_.push_back(window_.time().fovea);
    }
    last = now;
  }
}

void Live::report() const {
  nlohmann::ordered_json answers = nlohmann::ordered_json::array();
  for (const Answer& each : watcher_.seen().answers)
    answers.push_back({{"label", each.label}, {"probability", each.probability}});
  const nlohmann::ordered_json all = {{"frames", frames_.size()},
                                      {"looks", watcher_.looks()},
                                      {"look_ms", watcher_.seen().milliseconds},
                                      {"look_frames", watcher_.seen().frames},
                                      {"frame_ms", spread(frames_)},
                                      {"fovea_ms", spread(fovea_)},
                                      {"answers", answers}};
  fmt::print("{}\n", all.dump());
}

void Live::frame(bool ready, bool last) {
  const VkCommandBuffer commands = window_.begin();
  place();
  scene_.draw(commands, milliseconds(Clock::now() - start_) / 1000, window_.frame(), window_.done());
  window_.fovea_begins();
  if (ready) {
    if (window_.frame() > Window::kBehind)
      watcher_.add_time(window_.frame() - Window::kBehind, window_.time().fovea);
    point();
    watcher_.record(commands, choice_.look, options_.every, options_.slice, window_.timeline(),
                    window_.frame(), window_.done());
  }
  window_.fovea_ends();

  gui_.begin(commands);
  draw_panel(panel_,
             {ready ? &watcher_ : nullptr, watcher_.loaded(), host_.properties.deviceName, scene_.name(),
              options_.slice},
             times_, choice_);
  const std::optional<fovea::Region> patch = ready ? watcher_.patch(choice_.look.query) : std::nullopt;
  if (patch && choice_.attention) draw_patch(picture_, *patch, Scene::kSize);
  window_.begin_pass();
  const Rectangle at = scaled(picture_, float(window_.pixels()));
  quads_.draw(commands, window_.size(), 0, at);
  if (ready && watcher_.looks() > 0 && choice_.attention)
    quads_.draw(commands, window_.size(), 1, at, choice_.strength);
  gui_.draw(commands);
  if (last && !options_.screenshot.empty())
    fovea::write_png(options_.screenshot, window_.end_with_screenshot());
  else
    window_.end();
}

// The panel to the right, the picture as large as it can be beside it.
void Live::place() {
  const double pixels = window_.pixels();
  const float width = float(window_.size().width / pixels), height = float(window_.size().height / pixels);
  const float panel = std::min(380 * gui_.scale(), width / 2), margin = 16 * gui_.scale();
  panel_ = {width - panel, 0, panel, height};
  const float side = std::max(1.0f, std::min(width - panel, height) - 2 * margin);
  picture_ = {(width - panel - side) / 2, (height - side) / 2, side, side};
}

// The patch under the mouse is the one that looks; beside the picture the class token does.
void Live::point() {
  if (!options_.cursor.empty() && !pointed_)
    glfwSetCursorPos(window_.window(), picture_.left + options_.cursor[0] * picture_.width,
                     picture_.top + options_.cursor[1] * picture_.height);
  pointed_ = true;
  double x = 0, y = 0;
  glfwGetCursorPos(window_.window(), &x, &y);
  x = (x - picture_.left) / picture_.width;
  y = (y - picture_.top) / picture_.height;
  const bool inside = x >= 0 && x < 1 && y >= 0 && y < 1;
  choice_.look.query = inside ? watcher_.token_at(x * Scene::kSize, y * Scene::kSize) : 0;
}

// What was chosen before there was a model.
void Live::check_choice() const {
  const fovea::ViTConfig& config = watcher_.config();
  const auto check_option = [](const char* name, int given, int64_t most) {
    if (given > most) throw std::runtime_error(fmt::format("{} {}: the model has {}", name, given, most));
  };
  check_option("--layer", options_.layer, config.depth);
  check_option("--head", options_.head, config.heads);
}
