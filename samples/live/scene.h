// What the camera sees: pictures it moves over, or the frames of a folder, in one image of a fixed size.
#pragma once

#include <filesystem>
#include <fovea/image.hpp>
#include <future>
#include <memory>
#include <vector>

#include "images.h"

struct SceneOptions {
  std::vector<std::string> names;  // pictures, or one folder
  double seconds = 4;              // of a picture
  double rate = 15;                // frames a second of a folder
};

class Scene {
 public:
  static constexpr uint32_t kSize = 512;  // texels of the camera's image, both ways

  Scene(const Host& host, const SceneOptions& options);

  const Texture& camera() const { return camera_; }
  // Draws what is seen at this time, in seconds, into the camera's image. done: the frames that are finished.
  void draw(VkCommandBuffer commands, double time, uint64_t frame, uint64_t done);
  std::string name() const;  // of the file that is seen

 private:
  // A picture on the device. It goes when the last frame that used it is finished.
  struct Photo {
    std::unique_ptr<Texture> texture;
    std::unique_ptr<Staging> staging;
    uint64_t last_frame = 0;
  };
  void show(VkCommandBuffer commands, const fovea::Image& image);
  void read_ahead(size_t file);

  const Host& host_;
  std::vector<std::filesystem::path> files_;
  double seconds_;   // of a file
  bool moves_;       // over each picture; the frames of a folder move by themselves
  size_t file_ = 0;  // that is seen
  size_t ahead_ = 0;
  std::future<fovea::Image> next_;
  std::vector<Photo> photos_;  // the last one is seen
  Texture camera_;
};
