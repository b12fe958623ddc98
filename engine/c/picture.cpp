#include "c/handles.h"

using namespace fovea;

namespace {

template <class Enum>
Enum enum_of(const char* call, const char* what, int32_t given, Enum last) {
  FOVEA_CHECK(given >= 0 && given <= int(last), call, ": ", what, " ", given, " of ", int(last) + 1);
  return Enum(given);
}

HostImage image_of(const char* call, const fovea_image& from) {
  static_assert(int(TexelFormat::rgba16f) == FOVEA_RGBA16F &&
                int(TexelFormat::bgra8_srgb) == FOVEA_BGRA8_SRGB);
  return {.handle = (VkImage)from.handle,  // a pointer or a number, by the platform
          .format = enum_of(call, "texel format", from.format, TexelFormat::rgba16f),
          .width = from.width,
          .height = from.height,
          .before = from.before,
          .after = from.after};
}

ViTPictureOptions options_of(const char* call, const fovea_vit_picture_options* given) {
  static_assert(int(Encoding::linear) == FOVEA_ENCODING_LINEAR);
  static_assert(int(Colormap::reds) + 1 == FOVEA_COLOURS_REDS &&
                int(Colormap::greys) + 1 == FOVEA_COLOURS_GREYS);
  const fovea_vit_picture_options from = fields_of(call, given);
  ViTPictureOptions to;
  to.encoding = enum_of(call, "encoding", from.encoding, Encoding::linear);
  if (from.map) to.map = image_of(call, *from.map);
  to.map_encoding = enum_of(call, "encoding of the map", from.map_encoding, Encoding::linear);
  if (from.colours != FOVEA_COLOURS_BLACK) {
    to.colours = enum_of(call, "colours", from.colours - 1, Colormap::greys);
    if (from.alpha_dark != 0 || from.alpha_light != 0) {
      to.alpha_dark = from.alpha_dark;
      to.alpha_light = from.alpha_light;
    }
  }
  return to;
}

}  // namespace

fovea_result fovea_vit_picture_create(fovea_vit* vit, const fovea_image* image,
                                      const fovea_vit_picture_options* options, fovea_vit_picture** picture) {
  return guarded([&] {
    const char* call = "fovea_vit_picture_create";
    check_given(call, "image", image);
    check_given(call, "picture", picture);
    ViTPictureOptions chosen = options_of(call, options);
    chosen.preprocessor = vit->preprocessor;
    *picture = new fovea_vit_picture{*vit, vit->model.picture(image_of(call, *image), chosen)};
  });
}

void fovea_vit_picture_destroy(fovea_vit_picture* picture) { delete picture; }
fovea_plan* fovea_vit_picture_plan(fovea_vit_picture* picture) { return &picture->plan; }

fovea_result fovea_vit_picture_prepare(fovea_vit_picture* picture) {
  return guarded([&] { picture->picture.prepare(); });
}

fovea_result fovea_vit_picture_look(fovea_vit_picture* picture, int32_t layer, int32_t head, uint32_t query) {
  return guarded([&] { picture->picture.look({.layer = layer, .head = head, .query = query}); });
}

uint32_t fovea_vit_picture_token_at(const fovea_vit_picture* picture, double x, double y) {
  return uint32_t(picture->picture.token_at(x, y));
}

fovea_result fovea_vit_picture_bind(fovea_vit_picture* picture, const fovea_image* image,
                                    const fovea_image* map) {
  return guarded([&] {
    const char* call = "fovea_vit_picture_bind";
    check_given(call, "image", image);
    picture->picture.bind(image_of(call, *image), map ? image_of(call, *map) : HostImage{});
  });
}

fovea_result fovea_vit_picture_start(fovea_vit_picture* picture, fovea_job** job) {
  return guarded([&] {
    check_given("fovea_vit_picture_start", "job", job);
    *job = new fovea_job{.plan = PlanJob(picture->picture.plan())};
  });
}

fovea_result fovea_vit_picture_probabilities(fovea_vit_picture* picture, float* probabilities, size_t count) {
  return guarded([&] {
    const bool classifies = !picture->of_vit.model.config().labels.empty();
    const std::vector<float> logits = classifies ? picture->picture.logits() : std::vector<float>{};
    write_probabilities("fovea_vit_picture_probabilities", logits, probabilities, count);
  });
}

fovea_result fovea_vit_picture_embedding(fovea_vit_picture* picture, float* embedding, size_t* count) {
  return guarded([&] {
    const char* call = "fovea_vit_picture_embedding";
    check_given(call, "count", count);
    const ViTConfig& config = picture->of_vit.model.config();
    FOVEA_CHECK(config.labels.empty(), call, ": the model has a classifier of ", config.labels.size(),
                " labels");
    const size_t numbers = size_t(config.tokens() * config.embedding);
    FOVEA_CHECK(embedding == nullptr || *count >= numbers, call, ": a buffer of ", *count, " numbers for ",
                numbers);
    *count = numbers;
    if (embedding) std::ranges::copy(picture->picture.logits(), embedding);
  });
}
