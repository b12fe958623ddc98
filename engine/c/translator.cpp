#include "c/handles.h"
#include "c/load.h"

using namespace fovea;

namespace {

const Translation& line_of(const char* call, fovea_job& job, size_t line) {
  FOVEA_CHECK(job.translation, call, ": a job of another model");
  if (!job.lines) job.lines = job.translation->result();
  FOVEA_CHECK(line < job.lines->size(), call, ": line ", line, ", counted from 0, of ", job.lines->size());
  return (*job.lines)[line];
}

}  // namespace

fovea_result fovea_translator_load(fovea_device* device, const char* directory,
                                   const fovea_load_options* options, fovea_translator** translator) {
  return guarded([&] {
    const char* call = "fovea_translator_load";
    check_given(call, "translator", translator);
    const fovea_load_options given = fields_of(call, options);
    const ModelFiles files = files_of(call, directory, given);
    *translator = new fovea_translator{Translator(device->device, files, {}, load_of(given))};
  });
}

void fovea_translator_destroy(fovea_translator* translator) { delete translator; }
void fovea_translator_trim(fovea_translator* translator) { translator->model.trim(); }

fovea_result fovea_translator_prepare(fovea_translator* translator, uint32_t tokens, uint32_t lines) {
  return guarded([&] {
    const int64_t lengths[] = {int64_t(tokens)};
    translator->model.prepare(lengths, lines);
  });
}

fovea_result fovea_translator_start(fovea_translator* translator, const char* const* lines, size_t line_count,
                                    const fovea_translate_options* options, fovea_job** job) {
  return guarded([&] {
    const char* call = "fovea_translator_start";
    check_given(call, "lines", lines);
    check_given(call, "job", job);
    const fovea_translate_options given = fields_of(call, options);
    std::vector<std::string> texts;
    for (size_t line = 0; line < line_count; ++line) {
      check_given(call, "a line", lines[line]);
      texts.emplace_back(lines[line]);
    }
    TranslateOptions made{.decoding = translator->model.decoding(), .attention = given.attention != 0};
    if (given.beams > 0) made.decoding->beams = given.beams;
    if (given.max_length > 0) made.decoding->max_length = given.max_length;
    made.decoding->n_best = 1;
    *job = new fovea_job{.translation = translator->model.start(texts, made)};
  });
}

fovea_result fovea_translation_text(fovea_job* job, size_t line, const char** text) {
  return guarded([&] {
    check_given("fovea_translation_text", "text", text);
    *text = line_of("fovea_translation_text", *job, line).outputs.at(0).text.c_str();
  });
}

fovea_result fovea_translation_attention(fovea_job* job, size_t line, const float** weights, size_t* tokens,
                                         size_t* keys) {
  return guarded([&] {
    const char* call = "fovea_translation_attention";
    check_given(call, "weights", weights);
    check_given(call, "tokens", tokens);
    check_given(call, "keys", keys);
    const Translation& made = line_of(call, *job, line);
    const auto& rows = made.outputs.at(0).attention;
    FOVEA_CHECK(!rows.empty() || made.outputs[0].tokens.empty(), call,
                ": the job was started without attention");
    job->attention.resize(job->lines->size());
    std::vector<float>& all = job->attention[line];
    all.clear();
    for (const std::vector<float>& row : rows) all.insert(all.end(), row.begin(), row.end());
    *weights = all.data();
    *tokens = rows.size();
    *keys = made.keys.size();
  });
}

fovea_result fovea_translation_token(fovea_job* job, size_t line, size_t token, const char** text) {
  return guarded([&] {
    const char* call = "fovea_translation_token";
    check_given(call, "text", text);
    const std::vector<std::string>& tokens = line_of(call, *job, line).outputs.at(0).tokens;
    FOVEA_CHECK(token < tokens.size(), call, ": token ", token, ", counted from 0, of ", tokens.size());
    *text = tokens[token].c_str();
  });
}

fovea_result fovea_translation_key(fovea_job* job, size_t line, size_t key, const char** text) {
  return guarded([&] {
    const char* call = "fovea_translation_key";
    check_given(call, "text", text);
    const std::vector<std::string>& keys = line_of(call, *job, line).keys;
    FOVEA_CHECK(key < keys.size(), call, ": key ", key, ", counted from 0, of ", keys.size());
    *text = keys[key].c_str();
  });
}
