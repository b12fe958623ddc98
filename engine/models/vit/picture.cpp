#include "models/vit/picture.h"

#include <cmath>

#include "core/check.h"
#include "gpu/texels.h"
#include "io/preprocess.h"

namespace fovea {
namespace {

Shape shape_of(const HostImage& image) {
  FOVEA_CHECK(image.width > 0 && image.height > 0, "vit: a picture of ", image.width, " x ", image.height,
              " texels");
  const Shape texels{image.height, image.width};
  return words_of(image.format) == 1 ? texels : texels.appended(words_of(image.format));
}

PixelsOptions pixels_options(const Preprocessor& steps, const HostImage& image, Encoding encoding) {
  const Placement place = placement_of(steps, image.width, image.height);
  return {.format = image.format,
          .encoding = encoding,
          .resize_width = place.width,
          .resize_height = place.height,
          .resample = steps.resample,
          .left = place.left,
          .top = place.top,
          .width = steps.width(),
          .height = steps.height(),
          .rescale_factor = steps.rescale_factor,
          .mean = steps.mean,
          .std = steps.std};
}

void check_same(const char* what, const HostImage& now, const HostImage& first) {
  FOVEA_CHECK(now.format == first.format && now.width == first.width && now.height == first.height,
              "vit: the ", what, " is ", now.width, " x ", now.height, " ", name(now.format),
              ", the first one was ", first.width, " x ", first.height, " ", name(first.format));
}

}  // namespace

ViTPicture::Impl::Impl(Device& device, const VisionTransformer& model, const Preprocessor& steps,
                       const HostImage& image, const ViTPictureOptions& options)
    : config(model.config()),
      picture(image),
      shown(options.map),
      seen(steps.seen(int(image.width), int(image.height))) {
  FOVEA_CHECK(config.channels == 3, "vit: a picture has 3 channels, the model takes ", config.channels);
  const std::vector<Tensor> outputs = build(model, steps, options);
  PlanOptions of_plan{.images = {texels}};
  if (painted) of_plan.images.push_back(painted);
  plan.emplace(device, graph, outputs, of_plan);
  bind(picture, shown);
  if (painted) look(options.look);
}

std::vector<Tensor> ViTPicture::Impl::build(const VisionTransformer& model, const Preprocessor& steps,
                                            const ViTPictureOptions& options) {
  const bool maps = shown.handle != VkImage{};
  texels = graph.input(shape_of(picture), DType::u32, "picture");
  if (maps) query = graph.input({1}, DType::u32, "query");
  const Tensor seen_pixels = pixels(texels, pixels_options(steps, picture, options.encoding));
  const ViTTensors made = model(seen_pixels, {.attentions = maps, .query = query});
  answer = made.logits ? made.logits : made.embedding;
  if (!maps) return {answer};
  painted = map(made.attentions, options);
  return {answer, painted};
}

// attentions: depth of (1, heads, 1, tokens) -> texels
Tensor ViTPicture::Impl::map(const std::vector<Tensor>& attentions, const ViTPictureOptions& options) {
  const int64_t rows = config.height / config.patch, columns = config.width / config.patch;
  choice = graph.input({1, config.depth * config.heads}, DType::f32, "choice");
  const Tensor all = reshape(concat(attentions, 1), {config.depth * config.heads, config.tokens()});
  const Tensor chosen = matmul(choice, all);  // (1, tokens)
  const int64_t prefix = config.tokens() - rows * columns;
  const Tensor weights = reshape(slice(chosen, 1, prefix, rows * columns), {rows, columns});
  const double across = double(shown.width) / picture.width, down = double(shown.height) / picture.height;
  return map_texels(light(weights),
                    {.format = shown.format,
                     .encoding = options.map_encoding,
                     .width = shown.width,
                     .height = shown.height,
                     .seen = {seen.left * across, seen.top * down, seen.width * across, seen.height * down},
                     .colours = options.colours,
                     .alpha_dark = options.alpha_dark,
                     .alpha_light = options.alpha_light});
}

void ViTPicture::Impl::look(const ViTLook& look) {
  FOVEA_CHECK(painted, "vit: a look of a picture without a map");
  const int64_t depth = config.depth, heads = config.heads;
  const int64_t layer = look.layer < 0 ? depth + look.layer : look.layer;
  FOVEA_CHECK(layer >= 0 && layer < depth, "vit: layer ", look.layer, " of ", depth);
  FOVEA_CHECK(look.head >= -1 && look.head < heads, "vit: head ", look.head, " of ", heads);
  FOVEA_CHECK(look.query >= 0 && look.query < config.tokens(), "vit: token ", look.query,
              " looks, there are ", config.tokens());
  std::vector<float> weights(size_t(depth * heads));
  for (int64_t head = 0; head < heads; ++head) {
    const float of_head = look.head == -1 ? 1 / float(heads) : float(head == look.head);
    weights[size_t(layer * heads + head)] = of_head;
  }
  const uint32_t token = uint32_t(look.query);
  plan->write(query, std::span(&token, 1));
  plan->write(choice, weights);
}

void ViTPicture::Impl::bind(const HostImage& image, const HostImage& map) {
  FOVEA_CHECK(image.handle != VkImage{}, "vit: a picture without an image");
  check_same("picture", image, picture);
  plan->bind(texels, image);
  if (map.handle == VkImage{}) return;
  FOVEA_CHECK(painted, "vit: a map of a picture that was made without");
  check_same("map", map, shown);
  plan->bind(painted, map);
}

ViTPicture::ViTPicture(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ViTPicture::~ViTPicture() = default;
ViTPicture::ViTPicture(ViTPicture&&) noexcept = default;
ViTPicture& ViTPicture::operator=(ViTPicture&&) noexcept = default;
Plan& ViTPicture::plan() { return *impl_->plan; }
void ViTPicture::prepare() {
  impl_->plan->profile();  // a driver may compile only now
  impl_->plan->profile();
}
void ViTPicture::look(const ViTLook& look) { impl_->look(look); }
void ViTPicture::bind(const HostImage& image, const HostImage& map) { impl_->bind(image, map); }
std::vector<float> ViTPicture::logits() const { return impl_->plan->read(impl_->answer); }

int64_t ViTPicture::token_at(double x, double y) const {
  const ViTConfig& config = impl_->config;
  const int64_t rows = config.height / config.patch, columns = config.width / config.patch;
  const double column = std::floor((x - impl_->seen.left) / impl_->seen.width * double(columns));
  const double row = std::floor((y - impl_->seen.top) / impl_->seen.height * double(rows));
  const bool inside = column >= 0 && column < double(columns) && row >= 0 && row < double(rows);
  return inside ? config.tokens() - rows * columns + int64_t(row) * columns + int64_t(column) : 0;
}

}  // namespace fovea
