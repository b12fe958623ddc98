#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.h"
#include "data/augment.h"
#include "data/epoch.h"
#include "io/image.h"

namespace fovea {

struct ImageBatches::Impl {
  Impl(const ImageFolder& images, const ImageOptions& given);

  // The pixels of the image in the epoch, to (3, size, size) at `to`.
  void place(int64_t index, uint64_t epoch, float* to) const;
  void mix(ImageBatch& made, Random random) const;

  const ImageFolder& folder;
  ImageOptions options;
  int64_t batches;
  std::array<std::array<float, 256>, 3> value_of_byte;  // normalised, of each colour
  EpochCache<std::vector<uint32_t>> order;              // of the images
};

ImageBatches::Impl::Impl(const ImageFolder& images, const ImageOptions& given)
    : folder(images), options(given) {
  const auto& [least, greatest] = options.crop_area;
  FOVEA_CHECK(options.batch >= 1 && options.batch <= 1 << 20, "images: a batch of ", options.batch, ", 1 to ",
              1 << 20, " are possible");
  check_image_size("images", options.size, options.size);
  FOVEA_CHECK(options.pad >= 0 && options.pad <= kMaxImageSide, "images: pad: ", options.pad, ", 0 to ",
              kMaxImageSide, " pixels are possible");
  FOVEA_CHECK(least > 0 && least <= greatest && greatest <= 1, "images: crop_area: from ", least, " to ",
              greatest, ", expected 0 < from <= to <= 1");
  FOVEA_CHECK(options.mixup >= 0 && std::isfinite(options.mixup), "images: mixup: ", options.mixup,
              ", expected 0 or more");
  for (const float deviation : options.std)
    FOVEA_CHECK(std::isnormal(deviation) && deviation > 0, "images: std: ", deviation,
                ", expected numbers above 0");
  batches = (folder.size() + (options.partial ? options.batch - 1 : 0)) / options.batch;
  FOVEA_CHECK(batches > 0, "images: ", folder.size(), " images make no batch of ", options.batch);
  for (size_t colour = 0; colour < 3; ++colour)
    for (int byte = 0; byte < 256; ++byte)
      value_of_byte[colour][size_t(byte)] =
          (float(byte * (1.0 / 255)) - options.mean[colour]) / options.std[colour];
}

void ImageBatches::Impl::place(int64_t index, uint64_t epoch, float* to) const {
  const int size = options.size;
  Random random(options.seed, {kRandomImage, epoch, uint64_t(index)});
  const bool crops = options.crop_area[0] < 1;
  Image whole = folder.image(index);
  const Image image = crops ? random_resized_crop(whole, options, random) : fit(std::move(whole), size);
  const int range = 2 * options.pad + 1;
  const int left = range > 1 ? int(random.below(uint64_t(range))) - options.pad : 0;
  const int top = range > 1 ? int(random.below(uint64_t(range))) - options.pad : 0;
  const bool mirrored = options.flip && random.below(2) == 1;
  for (size_t colour = 0; colour < 3; ++colour) {
    const std::array<float, 256>& value = value_of_byte[colour];
    for (int y = top; y < top + size; ++y)
      for (int column = 0; column < size; ++column) {
        const int x = left + (mirrored ? size - 1 - column : column);
        const bool inside = y >= 0 && y < size && x >= 0 && x < size;
        *to++ = value[inside ? image.rgb[(size_t(y) * size_t(size) + size_t(x)) * 3 + colour] : 0];
      }
  }
}

void ImageBatches::Impl::mix(ImageBatch& made, Random random) const {
  made.lambda = float(random.beta(options.mixup));
  const std::vector<uint32_t> partner = permutation(uint32_t(made.count), random);
  const std::vector<float> unmixed = made.pixels;
  const size_t elements = unmixed.size() / size_t(options.batch);
  for (size_t row = 0; row < size_t(made.count); ++row) {
    made.mixed_labels[row] = made.labels[partner[row]];
    float* pixels = made.pixels.data() + row * elements;
    const float* other = unmixed.data() + partner[row] * elements;
    for (size_t i = 0; i < elements; ++i) pixels[i] = made.lambda * pixels[i] + (1 - made.lambda) * other[i];
  }
}

ImageBatches::ImageBatches(const ImageFolder& folder, const ImageOptions& options)
    : impl_(std::make_unique<Impl>(folder, options)) {}
ImageBatches::~ImageBatches() = default;
ImageBatches::ImageBatches(ImageBatches&&) noexcept = default;

int64_t ImageBatches::batches() const { return impl_->batches; }

ImageBatch ImageBatches::batch(uint64_t index) const {
  const ImageOptions& options = impl_->options;
  const ImageFolder& folder = impl_->folder;
  const uint64_t epoch = index / uint64_t(impl_->batches), at = index % uint64_t(impl_->batches);
  const auto order = impl_->order.get(options.shuffle ? epoch : 0, [&] {
    std::vector<uint32_t> images(size_t(folder.size()));
    for (size_t i = 0; i < images.size(); ++i) images[i] = uint32_t(i);
    if (options.shuffle) shuffle(images, Random(options.seed, {kRandomOrder, epoch}));
    return images;
  });
  const int64_t first = int64_t(at) * options.batch;
  const size_t elements = size_t(3) * size_t(options.size) * size_t(options.size);
  ImageBatch made;
  made.count = std::min(options.batch, folder.size() - first);
  made.pixels.resize(size_t(options.batch) * elements);
  made.labels.resize(size_t(options.batch), kIgnored);
  for (int64_t row = 0; row < made.count; ++row) {
    const int64_t image = (*order)[size_t(first + row)];
    made.labels[size_t(row)] = folder.label(image);
    impl_->place(image, epoch, made.pixels.data() + size_t(row) * elements);
  }
  made.mixed_labels = made.labels;
  if (options.mixup > 0) impl_->mix(made, Random(options.seed, {kRandomMix, epoch, at}));
  return made;
}

}  // namespace fovea
