#include "watcher.h"

#include "../common/likeliest.h"
#include "window.h"

namespace {

bool same(const fovea::ViTLook& a, const fovea::ViTLook& b) {
  return a.layer == b.layer && a.head == b.head && a.query == b.query;
}

}  // namespace

Watcher::Watcher(Host& host, const std::string& model, const Texture& camera)
    : map_(host, {kMapSize, kMapSize}, VK_IMAGE_USAGE_TRANSFER_DST_BIT) {
  loader_ = std::thread([this, offer = host.offer(), model, image = camera.offer()] {
    try {
      load(offer, model, image);
    } catch (...) {
      failure_ = std::current_exception();
    }
    ready_ = true;
  });
}

Watcher::~Watcher() {
  stop_ = true;
  loader_.join();
}

void Watcher::load(const fovea::HostDevice& host, const std::string& directory,
                   const fovea::HostImage& camera) {
  device_.emplace(host, fovea::DeviceOptions{.cache = fovea::cache_folder()});
  model_.emplace(*device_, directory, fovea::Use::inference, fovea::LoadOptions{[this](double done) {
    loaded_ = done;
    return !stop_;
  }});
  const fovea::ViTConfig& config = model_->config();
  const fovea::Preprocessor steps = fovea::Preprocessor::for_model(directory, config.width, config.height);
  region_ = steps.seen(int(camera.width), int(camera.height));
  picture_.emplace(model_->picture(camera, {.preprocessor = steps, .map = map_.offer()}));
  picture_->prepare();  // compiles and times all steps, so that no frame does
  job_.emplace(picture_->plan());
}

bool Watcher::ready() {
  if (ready_ && failure_) std::rethrow_exception(failure_);
  return ready_;
}

std::optional<fovea::Region> Watcher::patch(int64_t token) const {
  const fovea::ViTConfig& has = config();
  const int64_t rows = has.height / has.patch, columns = has.width / has.patch;
  const int64_t place = token - (has.tokens() - rows * columns);
  if (place < 0) return {};
  const double width = region_.width / double(columns), height = region_.height / double(rows);
  return fovea::Region{region_.left + width * double(place % columns),
                       region_.top + height * double(place / columns), width, height};
}

void Watcher::record(VkCommandBuffer commands, const fovea::ViTLook& look, int every, double milliseconds,
                     VkSemaphore timeline, uint64_t frame, uint64_t done) {
  if (state_ == State::running && done >= last_frame_ && frame >= last_frame_ + Window::kBehind) {
    take_answers();
    state_ = State::idle;
  }
  if (state_ == State::idle &&
      (looks_ == 0 || !same(look, look_) || frame >= first_frame_ + uint64_t(every))) {
    if (looks_ == 0) barrier(commands, map_.image, kUndefined, kSampled);  // as Fovea is told to find it
    picture_->look(look_ = look);
    job_->restart();
    first_frame_ = frame;
    milliseconds_ = 0;
    state_ = State::recording;
  }
  if (state_ != State::recording) return;
  if (job_->record(commands, milliseconds)) state_ = State::running;
  last_frame_ = frame;
  picture_->plan().in_use_until(timeline, frame);
}

void Watcher::add_time(uint64_t frame, double milliseconds) {
  if (state_ != State::idle && frame >= first_frame_ && frame <= last_frame_) milliseconds_ += milliseconds;
}

void Watcher::take_answers() {
  ++looks_;
  seen_ = {{}, first_frame_, last_frame_ - first_frame_ + 1, milliseconds_};
  if (config().labels.empty()) return;
  for (const Likely& each : likeliest(picture_->logits(), 5))
    seen_.answers.push_back({config().labels[each.label], each.probability});
}
