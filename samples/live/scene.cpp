#include "scene.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  std::string end = path.extension().string();
  std::ranges::transform(end, end.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return end == ".png" || end == ".jpg" || end == ".jpeg" || end == ".bmp";
}

std::vector<fs::path> files_of(const std::vector<std::string>& names) {
  if (names.size() != 1 || !fs::is_directory(names[0])) return {names.begin(), names.end()};
  std::vector<fs::path> files;
  for (const fs::directory_entry& each : fs::directory_iterator(names[0]))
    if (each.is_regular_file() && is_picture(each.path())) files.push_back(each.path());
  if (files.empty()) throw std::runtime_error(names[0] + ": no PNG, JPEG or BMP file in this folder");
  std::ranges::sort(files);
  return files;
}

// The part that the camera sees: a square of 80 to 100 % of the shorter side, which wanders over the picture
// and comes back after `period` seconds.
std::array<VkOffset3D, 2> seen(const Texture& photo, double time, double period) {
  const double turn = 2 * 3.14159265358979 * time / period;
  const double side = std::min(photo.size.width, photo.size.height) * (0.9 + 0.1 * std::cos(turn));
  const double left = (photo.size.width - side) * (0.5 + 0.5 * std::sin(turn));
  const double top = (photo.size.height - side) * (0.5 - 0.5 * std::sin(2 * turn));
  return {VkOffset3D{int32_t(left), int32_t(top), 0}, {int32_t(left + side), int32_t(top + side), 1}};
}

// The largest square in the middle.
std::array<VkOffset3D, 2> middle(const Texture& photo) {
  const int32_t side = int32_t(std::min(photo.size.width, photo.size.height));
  const int32_t left = (int32_t(photo.size.width) - side) / 2, top = (int32_t(photo.size.height) - side) / 2;
  return {VkOffset3D{left, top, 0}, {left + side, top + side, 1}};
}

}  // namespace

Scene::Scene(const Host& host, const SceneOptions& options)
    : host_(host),
      files_(files_of(options.names)),
      moves_(options.names.size() != 1 || !fs::is_directory(options.names[0])),
      camera_(host, {kSize, kSize}, VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT) {
  seconds_ = moves_ ? options.seconds : 1 / options.rate;
  read_ahead(0);
}

std::string Scene::name() const { return files_[file_].filename().string(); }

// Files are decoded on another thread: no frame waits for one but the first.
void Scene::read_ahead(size_t file) {
  ahead_ = file;
  next_ = std::async(std::launch::async, [path = files_[file]] { return fovea::load_image(path); });
}

void Scene::draw(VkCommandBuffer commands, double time, uint64_t frame, uint64_t done) {
  std::erase_if(photos_,
                [&](const Photo& each) { return &each != &photos_.back() && each.last_frame <= done; });
  const bool ready = next_.valid() && next_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  const size_t wanted = size_t(time / seconds_) % files_.size();
  if (photos_.empty() || (ready && wanted != file_ && wanted == ahead_)) {
    file_ = ahead_;
    show(commands, next_.get());
    read_ahead((file_ + 1) % files_.size());
  } else if (ready && wanted != file_) {
    read_ahead(wanted);  // frames came late
  }
  Photo& photo = photos_.back();
  photo.last_frame = frame;
  const std::array from = moves_ ? seen(*photo.texture, time, 2 * seconds_) : middle(*photo.texture);
  VkImageBlit blit{};
  blit.srcSubresource = blit.dstSubresource = kColour;
  std::ranges::copy(from, blit.srcOffsets);
  blit.dstOffsets[1] = {int32_t(kSize), int32_t(kSize), 1};
  // Of what the image held nothing is kept; the first frame finds it undefined.
  barrier(commands, camera_.image, {VK_IMAGE_LAYOUT_UNDEFINED, kSampled.stages, kSampled.access}, kFilled);
  vkCmdBlitImage(commands, photo.texture->image, kCopied.layout, camera_.image, kFilled.layout, 1, &blit,
                 VK_FILTER_LINEAR);
  barrier(commands, camera_.image, kFilled, kSampled);
}

void Scene::show(VkCommandBuffer commands, const fovea::Image& image) {
  const uint32_t width = uint32_t(image.width), height = uint32_t(image.height);
  const uint32_t most = host_.properties.limits.maxImageDimension2D;
  if (width > most || height > most)
    throw std::runtime_error(name() + ": " + std::to_string(width) + " x " + std::to_string(height) +
                             ", the device takes images up to " + std::to_string(most));
  Photo& photo = photos_.emplace_back();
  photo.texture = std::make_unique<Texture>(
      host_, VkExtent2D{width, height}, VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
  photo.staging =
      std::make_unique<Staging>(host_, uint64_t(width) * height * 4, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
  uint8_t* to = photo.staging->bytes.data();
  for (size_t i = 0; i < image.rgb.size(); i += 3, to += 4) {
    std::copy_n(&image.rgb[i], 3, to);
    to[3] = 255;
  }
  VkBufferImageCopy copy{};
  copy.imageSubresource = kColour;
  copy.imageExtent = {width, height, 1};
  barrier(commands, photo.texture->image, kUndefined, kFilled);
  vkCmdCopyBufferToImage(commands, photo.staging->buffer, photo.texture->image, kFilled.layout, 1, &copy);
  barrier(commands, photo.texture->image, kFilled, kCopied);
}
