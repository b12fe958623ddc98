#include <cmath>

#include "c/handles.h"
#include "c/load.h"

using namespace fovea;

namespace {

std::vector<float> pixels_of(const char* call, const fovea_vit& vit, const fovea_picture* picture) {
  check_given(call, "picture", picture);
  check_given(call, "rgb", picture->rgb);
  FOVEA_CHECK(picture->width >= 1 && picture->height >= 1 && picture->width <= 1u << 15 &&
                  picture->height <= 1u << 15,
              call, ": a picture of ", picture->width, " x ", picture->height, " pixels");
  Image image{int(picture->width), int(picture->height), {}};
  image.rgb.assign(picture->rgb, picture->rgb + size_t(3) * picture->width * picture->height);
  return vit.preprocessor.pixels(image);
}

const ViTResult& result_of(const char* call, fovea_job& job) {
  FOVEA_CHECK(job.vit, call, ": a job of another model");
  if (!job.picture) job.picture = job.vit->result();
  return *job.picture;
}

}  // namespace

// Softmax of the logits.
void fovea::write_probabilities(const char* call, const std::vector<float>& logits, float* to, size_t count) {
  check_given(call, "probabilities", to);
  FOVEA_CHECK(!logits.empty(), call, ": the model has no classifier");
  FOVEA_CHECK(count == logits.size(), call, ": ", count, " probabilities, the model has ", logits.size(),
              " labels");
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double(logit) - top);
  for (size_t i = 0; i < count; ++i) to[i] = float(std::exp(double(logits[i]) - top) / sum);
}

fovea_result fovea_vit_load(fovea_device* device, const char* directory, const fovea_load_options* options,
                            fovea_vit** vit) {
  return guarded([&] {
    const char* call = "fovea_vit_load";
    check_given(call, "vit", vit);
    const fovea_load_options given = fields_of(call, options);
    const ModelFiles files = files_of(call, directory, given);
    VisionTransformer model(device->device, files, Use::inference, load_of(given));
    const ViTConfig config = model.config();
    *vit = new fovea_vit{std::move(model), Preprocessor::for_model(files, config.width, config.height)};
  });
}

void fovea_vit_destroy(fovea_vit* vit) { delete vit; }
void fovea_vit_trim(fovea_vit* vit) { vit->model.trim(); }

fovea_vit_info fovea_vit_describe(const fovea_vit* vit) {
  const ViTConfig& config = vit->model.config();
  return {.width = uint32_t(config.width),
          .height = uint32_t(config.height),
          .labels = uint32_t(config.labels.size()),
          .layers = uint32_t(config.depth),
          .heads = uint32_t(config.heads),
          .patch_rows = uint32_t(config.height / config.patch),
          .patch_columns = uint32_t(config.width / config.patch),
          .prefix = config.distillation ? 2u : 1u};
}

const char* fovea_vit_label(const fovea_vit* vit, uint32_t label) {
  const std::vector<std::string>& labels = vit->model.config().labels;
  return label < labels.size() ? labels[label].c_str() : nullptr;
}

fovea_result fovea_vit_prepare(fovea_vit* vit, int attention) {
  return guarded([&] { vit->model.prepare(1, {.attentions = attention != 0}); });
}

fovea_result fovea_vit_start(fovea_vit* vit, const fovea_picture* picture, int attention, fovea_job** job) {
  return guarded([&] {
    check_given("fovea_vit_start", "job", job);
    const std::vector<float> pixels = pixels_of("fovea_vit_start", *vit, picture);
    *job = new fovea_job{.of_vit = vit, .vit = vit->model.start(pixels, 1, {.attentions = attention != 0})};
  });
}

fovea_result fovea_vit_classify(fovea_vit* vit, const fovea_picture* picture, float* probabilities,
                                size_t count) {
  return guarded([&] {
    const ViTResult result = vit->model.run(pixels_of("fovea_vit_classify", *vit, picture), 1);
    write_probabilities("fovea_vit_classify", result.logits, probabilities, count);
  });
}

fovea_result fovea_vit_probabilities(fovea_job* job, float* probabilities, size_t count) {
  return guarded([&] {
    const char* call = "fovea_vit_probabilities";
    write_probabilities(call, result_of(call, *job).logits, probabilities, count);
  });
}

fovea_result fovea_vit_attention(fovea_job* job, uint32_t layer, int32_t head, float* weights, size_t count) {
  return guarded([&] {
    const char* call = "fovea_vit_attention";
    check_given(call, "weights", weights);
    const ViTResult& result = result_of(call, *job);
    const ViTConfig& config = job->of_vit->model.config();
    FOVEA_CHECK(!result.attentions.empty(), call, ": the job was started without attention");
    FOVEA_CHECK(layer < result.attentions.size(), call, ": layer ", layer, ", counted from 0, of ",
                result.attentions.size());
    FOVEA_CHECK(head >= -1 && head < config.heads, call, ": head ", head, ", counted from 0, of ",
                config.heads);
    const size_t square = size_t(config.tokens() * config.tokens());
    FOVEA_CHECK(count == square, call, ": ", count, " weights, ", config.tokens(), " tokens have ", square);
    const std::vector<float>& all = result.attentions[layer];  // (heads, tokens, tokens)
    if (head >= 0) {
      std::copy_n(all.begin() + int64_t(size_t(head) * square), square, weights);
      return;
    }
    for (size_t i = 0; i < square; ++i) {
      double sum = 0;
      for (int64_t h = 0; h < config.heads; ++h) sum += all[size_t(h) * square + i];
      weights[i] = float(sum / double(config.heads));
    }
  });
}
