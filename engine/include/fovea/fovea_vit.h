// The C API of Vision Transformers, and of their pictures in images of a host. fovea.h includes it.
#pragma once

#include "fovea/fovea.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fovea_vit fovea_vit;

// 8-bit RGB, rows from the top without gaps.
typedef struct fovea_picture {
  const uint8_t* rgb;
  uint32_t width, height;
} fovea_picture;

typedef struct fovea_vit_info {
  uint32_t width, height, labels, layers, heads;  // labels: 0 without a classifier
  uint32_t patch_rows, patch_columns, prefix;     // tokens: prefix (class token..), then patches row by row
} fovea_vit_info;

FOVEA_API fovea_result fovea_vit_load(fovea_device* device, const char* directory,
                                      const fovea_load_options* options, fovea_vit** vit);
FOVEA_API void fovea_vit_destroy(fovea_vit* vit);
FOVEA_API void fovea_vit_trim(fovea_vit* vit);  // gives back what is kept for later pictures
FOVEA_API fovea_vit_info fovea_vit_describe(const fovea_vit* vit);
FOVEA_API const char* fovea_vit_label(const fovea_vit* vit, uint32_t label);  // null: there is no such label
// Compiles what classifying one picture needs, with attention or without, and runs it once.
FOVEA_API fovea_result fovea_vit_prepare(fovea_vit* vit, int attention);
// Starts to classify a picture of any size; the job's result is read below.
FOVEA_API fovea_result fovea_vit_start(fovea_vit* vit, const fovea_picture* picture, int attention,
                                       fovea_job** job);
// The same in one go: probabilities of all labels, `count` as info.labels.
FOVEA_API fovea_result fovea_vit_classify(fovea_vit* vit, const fovea_picture* picture, float* probabilities,
                                          size_t count);
FOVEA_API fovea_result fovea_vit_probabilities(fovea_job* job, float* probabilities, size_t count);
// Of a job with attention: (tokens, tokens) weights of one layer and head, counted from 0; head -1: their
// mean.
FOVEA_API fovea_result fovea_vit_attention(fovea_job* job, uint32_t layer, int32_t head, float* weights,
                                           size_t count);

// ---- pictures in images of a host ----
// From a VkImage to probabilities and a map that is a VkImage, all on the device; see fovea/vit.hpp.
typedef struct fovea_vit_picture fovea_vit_picture;  // of one model, and gone before it

typedef enum fovea_texel_format {
  FOVEA_RGBA8 = 0,
  FOVEA_BGRA8,
  FOVEA_RGBA8_SRGB,
  FOVEA_BGRA8_SRGB,
  FOVEA_RGBA16F
} fovea_texel_format;

typedef enum fovea_encoding {
  FOVEA_ENCODING_OF_FORMAT = 0,  // linear in FOVEA_RGBA16F, sRGB in all others
  FOVEA_ENCODING_SRGB,
  FOVEA_ENCODING_LINEAR
} fovea_encoding;

typedef enum fovea_colours {
  FOVEA_COLOURS_BLACK = 0,  // to blend over the picture
  FOVEA_COLOURS_REDS,
  FOVEA_COLOURS_BLUES,
  FOVEA_COLOURS_VIRIDIS,
  FOVEA_COLOURS_GREYS
} fovea_colours;

typedef struct fovea_image {
  uint64_t handle;  // VkImage
  int32_t format;   // fovea_texel_format
  uint32_t width, height;
  uint32_t before, after;  // VkImageLayout: found in, left in
} fovea_image;

typedef struct fovea_vit_picture_options {
  size_t size;
  const fovea_image* map;          // takes what a token looks at; null: nothing does
  int32_t encoding, map_encoding;  // fovea_encoding, of the picture and of the map
  int32_t colours;                 // fovea_colours
  float alpha_dark, alpha_light;   // with colours: where the light is 0 and 1; both 0: 0 and 1
} fovea_vit_picture_options;
#define FOVEA_VIT_PICTURE_OPTIONS {sizeof(fovea_vit_picture_options)}

FOVEA_API fovea_result fovea_vit_picture_create(fovea_vit* vit, const fovea_image* image,
                                                const fovea_vit_picture_options* options,
                                                fovea_vit_picture** picture);
FOVEA_API void fovea_vit_picture_destroy(fovea_vit_picture* picture);
FOVEA_API fovea_plan* fovea_vit_picture_plan(fovea_vit_picture* picture);
FOVEA_API fovea_result
fovea_vit_picture_prepare(fovea_vit_picture* picture);  // compiles, and times the steps
// What the next run shows: layer from 0, below 0 from the last one down; head -1: the mean; query: a token.
FOVEA_API fovea_result fovea_vit_picture_look(fovea_vit_picture* picture, int32_t layer, int32_t head,
                                              uint32_t query);
// The token of the patch at a place in the picture, in its texels; 0 where the model does not see it.
FOVEA_API uint32_t fovea_vit_picture_token_at(const fovea_vit_picture* picture, double x, double y);
// Other images of the same sizes and formats from the next run on; a null map stays what it is.
FOVEA_API fovea_result fovea_vit_picture_bind(fovea_vit_picture* picture, const fovea_image* image,
                                              const fovea_image* map);
FOVEA_API fovea_result fovea_vit_picture_start(fovea_vit_picture* picture,
                                               fovea_job** job);  // a run in slices
// Of the last run, which it waits for; `count` as info.labels.
FOVEA_API fovea_result fovea_vit_picture_probabilities(fovea_vit_picture* picture, float* probabilities,
                                                       size_t count);
// The embedding of a model without a classifier: with a null buffer *count is how many numbers it has, else
// at most *count of them are written.
FOVEA_API fovea_result fovea_vit_picture_embedding(fovea_vit_picture* picture, float* embedding,
                                                   size_t* count);

#ifdef __cplusplus
}
#endif
