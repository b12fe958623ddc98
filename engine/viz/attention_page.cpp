#include "fovea/attention_page.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/extents.h"
#include "io/file.h"
#include "io/image.h"
#include "io/resize.h"
#include "viz/base64.h"
#include "viz/grid.h"
#include "viz/page.h"
#include "viz/stb.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLargestSide = 800, kQuality = 90;  // of a stored photo

constexpr int64_t kMostWeights = int64_t(1) << 40;  // more fit no memory

using Sizes = std::array<int64_t, 4>;  // layers, heads, queries, keys

// The square root of each weight as a byte.
std::string packed(const std::string& what, std::span<const float> weights, const Sizes& sizes) {
  const std::string text = concat(what, " of ", sizes[0], " layers, ", sizes[1], " heads, ", sizes[2],
                                  " queries and ", sizes[3], " keys");
  for (const int64_t size : sizes)
    FOVEA_CHECK(size >= 1 && size <= 65536, "attention_page: ", text, ", expected 1 to 65536 of each");
  const std::optional<int64_t> count = product_within({sizes[0], sizes[1], sizes[2], sizes[3]}, kMostWeights);
  FOVEA_CHECK(count, "attention_page: ", text, " has ", weights.size(), " weights, expected more than ",
              kMostWeights);
  FOVEA_CHECK(int64_t(weights.size()) == *count, "attention_page: ", text, " has ", weights.size(),
              " weights, expected ", *count);
  std::vector<uint8_t> bytes;
  bytes.reserve(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const float weight = weights[i];
    FOVEA_CHECK(weight >= 0 && weight <= 1.0001f, "attention_page: weight ", i, " of ", what, " is ", weight,
                ", expected 0 to 1");
    bytes.push_back(uint8_t(std::lround(255 * std::sqrt(std::min(weight, 1.0f)))));
  }
  return base64(bytes);
}

Json block_of(const TextAttention& text) {
  const Sizes sizes{text.layers, text.heads, int64_t(text.queries.size()), int64_t(text.keys.size())};
  return {{"name", text.name},        {"layers", text.layers},
          {"heads", text.heads},      {"queries", text.queries.size()},
          {"keys", text.keys.size()}, {"query_tokens", text.queries},
          {"key_tokens", text.keys},  {"weights", packed(text.name, text.weights, sizes)}};
}

Json view_of(const TextView& view) {
  FOVEA_CHECK(!view.attentions.empty(), "attention_page: ", view.title,
              " has 0 attentions, at least 1 is needed");
  Json blocks = Json::array();
  for (const TextAttention& text : view.attentions) blocks.push_back(block_of(text));
  return {{"title", view.title}, {"blocks", blocks}};
}

Image stored(const Image& image) {
  const int side = std::max(image.width, image.height);
  if (side <= kLargestSide) return image;
  const auto shrunk = [&](int length) { return std::max(1, int(int64_t(length) * kLargestSide / side)); };
  return resize(image, shrunk(image.width), shrunk(image.height), Resample::bicubic);
}

Json view_of(const ImageView& view) {
  const PatchGrid& grid = view.grid;
  const Image& image = view.image;
  check_image_size("attention_page: " + view.title, image.width, image.height);
  const int64_t tokens = checked_tokens("attention_page: " + view.title, grid);
  FOVEA_CHECK(view.query == 0 || (view.query >= grid.prefix && view.query < tokens),
              "attention_page: ", view.title, ": token ", view.query, " looks, expected 0 or one of ",
              grid.prefix, " to ", tokens - 1);
  FOVEA_CHECK(view.seen.width > 0 && view.seen.height > 0, "attention_page: ", view.title, ": patches cover ",
              view.seen.width, " x ", view.seen.height, " pixels");
  const double width = image.width, height = image.height;
  Json answers = Json::array();
  for (const auto& [label, probability] : view.answers) answers.push_back({label, probability});
  const Json block{
      {"name", "image"},
      {"layers", view.layers},
      {"heads", view.heads},
      {"queries", tokens},
      {"keys", tokens},
      {"rows", grid.rows},
      {"columns", grid.columns},
      {"prefix", grid.prefix},
      {"seen",
       {view.seen.left / width, view.seen.top / height, view.seen.width / width, view.seen.height / height}},
      {"query", view.query},
      {"answers", answers},
      {"weights", packed(view.title, view.weights, {view.layers, view.heads, tokens, tokens})}};
  return {{"title", view.title},
          {"picture", "data:image/jpeg;base64," + base64(encode_jpeg(stored(image), kQuality))},
          {"blocks", Json::array({block})}};
}

// Puts `by` in the place of @name@, which comes once.
void replace(std::string& text, const std::string& name, const std::string& by) {
  const std::string mark = "@" + name + "@";
  const size_t at = text.find(mark);
  FOVEA_CHECK(at != std::string::npos, "attention_page: page.html has no ", mark);
  text.replace(at, mark.size(), by);
}

}  // namespace

void attention_page(const std::filesystem::path& path, const std::string& title,
                    std::span<const AttentionView> views) {
  FOVEA_CHECK(!views.empty(), "attention_page: 0 views, at least 1 is needed");
  Json data{{"title", title}, {"views", Json::array()}};
  for (const AttentionView& view : views)
    data["views"].push_back(std::visit([](const auto& each) { return view_of(each); }, view));
  // Tokens may be parts of characters: what is not UTF-8 is replaced. A "<" could end the script around it.
  std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");

  std::string script;
  for (const char* file :
       {"weights.js", "listbox.js", "text_view.js", "image_view.js", "grid_view.js", "page.js"})
    script += page_file(file);
  std::string page = page_file("page.html");
  replace(page, "style", page_file("page.css"));
  replace(page, "script", script);
  replace(page, "data", text);
  write_file_atomically(path, std::as_bytes(std::span(page)));
}

}  // namespace fovea
