// The C API of translators. fovea.h includes it.
#pragma once

#include "fovea/fovea.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fovea_translator fovea_translator;

FOVEA_API fovea_result fovea_translator_load(fovea_device* device, const char* directory,
                                             const fovea_load_options* options,
                                             fovea_translator** translator);
FOVEA_API void fovea_translator_destroy(fovea_translator* translator);
FOVEA_API void fovea_translator_trim(
    fovea_translator* translator);  // gives back what is kept for later lines
// Compiles what `lines` lines of up to `tokens` tokens need, and runs it once.
FOVEA_API fovea_result fovea_translator_prepare(fovea_translator* translator, uint32_t tokens,
                                                uint32_t lines);

typedef struct fovea_translate_options {
  size_t size;
  uint32_t beams, max_length;  // 0: the model's own
  int attention;               // also fovea_translation_attention
} fovea_translate_options;
#define FOVEA_TRANSLATE_OPTIONS {sizeof(fovea_translate_options)}

FOVEA_API fovea_result fovea_translator_start(fovea_translator* translator, const char* const* lines,
                                              size_t line_count, const fovea_translate_options* options,
                                              fovea_job** job);  // lines: UTF-8
// The text of a line once the job is done, UTF-8; valid as long as the job.
FOVEA_API fovea_result fovea_translation_text(fovea_job* job, size_t line, const char** text);
// What each target token looked at: weights (*tokens, *keys) row by row; valid as long as the job.
FOVEA_API fovea_result fovea_translation_attention(fovea_job* job, size_t line, const float** weights,
                                                   size_t* tokens, size_t* keys);
FOVEA_API fovea_result fovea_translation_token(fovea_job* job, size_t line, size_t token, const char** text);
FOVEA_API fovea_result fovea_translation_key(fovea_job* job, size_t line, size_t key, const char** text);

#ifdef __cplusplus
}
#endif
