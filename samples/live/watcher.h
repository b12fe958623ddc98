// Fovea, a guest of the host's device: it looks at the camera's image in slices of the host's frames, and
// draws what a token looks at into another image.
#pragma once

#include <atomic>
#include <fovea/device.hpp>
#include <fovea/vit.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "images.h"

struct Answer {
  std::string label;
  double probability = 0;
};

// What a look at the camera's image said.
struct Seen {
  std::vector<Answer> answers;  // the most probable first, five at most
  uint64_t frame = 0;           // that it began with
  uint64_t frames = 0;          // that it took
  double milliseconds = 0;      // of the device, all its slices together
};

class Watcher {
 public:
  static constexpr uint32_t kMapSize = 256;  // texels both ways: it is smooth, a sampler can enlarge it

  // Loads on a thread of its own; until ready() there is nothing to record.
  Watcher(Host& host, const std::string& model, const Texture& camera);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  double loaded() const { return loaded_; }  // 0 to 1
  bool ready();                              // throws what loading threw

  // From here on only when ready().
  const fovea::ViTConfig& config() const { return model_->config(); }
  fovea::MemoryUse memory() const { return device_->memory(); }
  int64_t token_at(double x, double y) const { return picture_->token_at(x, y); }  // of the camera's texels
  // Where the patch of a token lies, in the camera's texels; nothing for the class token.
  std::optional<fovea::Region> patch(int64_t token) const;

  // Records the next slice, of at most so many milliseconds, into the commands of a frame. A new look begins
  // when the last one is done and `every` frames old, or when something else is looked for.
  void record(VkCommandBuffer commands, const fovea::ViTLook& look, int every, double milliseconds,
              VkSemaphore timeline, uint64_t frame, uint64_t done);
  // What the device spent on the slice of an earlier frame.
  void add_time(uint64_t frame, double milliseconds);
  const Seen& seen() const { return seen_; }
  uint64_t looks() const { return looks_; }    // that are done
  const Texture& map() const { return map_; }  // what the token of the last look looked at

 private:
  void load(const fovea::HostDevice& host, const std::string& directory, const fovea::HostImage& camera);
  void take_answers();

  Texture map_;
  std::optional<fovea::Device> device_;
  std::optional<fovea::VisionTransformer> model_;
  std::optional<fovea::ViTPicture> picture_;
  std::optional<fovea::PlanJob> job_;
  fovea::Region region_;  // of the camera's image that the model sees
  std::atomic<double> loaded_ = 0;
  std::atomic<bool> ready_ = false, stop_ = false;
  std::exception_ptr failure_;
  std::thread loader_;

  enum class State { idle, recording, running } state_ = State::idle;
  fovea::ViTLook look_;
  uint64_t first_frame_ = 0, last_frame_ = 0;  // of the look that is on its way
  double milliseconds_ = 0;
  uint64_t looks_ = 0;
  Seen seen_;
};
