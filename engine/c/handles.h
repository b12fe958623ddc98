// What stands behind the handles of fovea.h, and how exceptions become results.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "core/check.h"
#include "fovea/device.hpp"
#include "fovea/fovea.h"
#include "fovea/image.hpp"
#include "fovea/translator.hpp"
#include "fovea/vit.hpp"

struct fovea_device {
  fovea::Device device;
};

struct fovea_vit {
  fovea::VisionTransformer model;
  fovea::Preprocessor preprocessor;
};

struct fovea_translator {
  fovea::Translator model;
};

struct fovea_plan {
  fovea::Plan& plan;
};

struct fovea_vit_picture {
  const fovea_vit& of_vit;
  fovea::ViTPicture picture;
  fovea_plan plan = {picture.plan()};
};

// One of the three kinds of job; its results are taken over when they are first asked for.
struct fovea_job {
  fovea::Job& job() {
    if (plan) return *plan;
    return vit ? static_cast<fovea::Job&>(*vit) : *translation;
  }
  const fovea::Job& job() const { return const_cast<fovea_job*>(this)->job(); }

  const fovea_vit* of_vit = nullptr;
  std::optional<fovea::ViTJob> vit = {};
  std::optional<fovea::ViTResult> picture = {};
  std::optional<fovea::TranslationJob> translation = {};
  std::optional<std::vector<fovea::Translation>> lines = {};
  std::optional<fovea::PlanJob> plan = {};
  std::vector<std::vector<float>> attention = {};  // of each line, (tokens, keys), when it was asked for
};

namespace fovea {

fovea_result note_failure(fovea_result result, const char* what);  // for fovea_last_error of this thread
fovea_result result_of(ErrorCode code);
void write_probabilities(const char* call, const std::vector<float>& logits, float* to, size_t count);

// Runs the work of one call; no exception leaves it.
template <class Work>
fovea_result guarded(Work&& work) noexcept {
  try {
    work();
    return FOVEA_OK;
  } catch (const Error& error) {
    return note_failure(result_of(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return note_failure(FOVEA_OUT_OF_MEMORY, "out of memory of the host");
  } catch (const std::exception& error) {
    return note_failure(FOVEA_INVALID, error.what());
  }
}

// A struct of a caller that may be older or newer: the fields that both sides know, the others as by default.
template <class Struct>
Struct fields_of(const char* call, const Struct* given) {
  Struct all{};
  all.size = sizeof(Struct);
  if (given == nullptr) return all;
  FOVEA_CHECK(given->size >= sizeof(size_t), call, ": a struct of ", given->size,
              " bytes; was it initialised with its FOVEA_.. macro?");
  std::memcpy(&all, given, std::min(given->size, sizeof(Struct)));
  all.size = sizeof(Struct);
  return all;
}

template <class Pointer>
void check_given(const char* call, const char* what, Pointer pointer) {
  FOVEA_CHECK(pointer != nullptr, call, ": ", what, " is null");
}

}  // namespace fovea
