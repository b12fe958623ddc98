// What the page carries; tests/browser drives it.
#include "fovea/attention_page.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "support/page.h"
#include "support/temporary.h"
#include "support/values.h"
#include "viz/base64.h"
#include "viz/page.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;

namespace {

TextView small_text() {
  return {"a </script> & \"b\"",
          {{"own", {"</s>", "天", "\xe3"}, {"</s>", "天", "\xe3"}, 2, 2, random_values(36, 1, 0, 1)},
           {"cross", {"x"}, {"y", "z"}, 1, 3, {0, 1, 0.25f, 0.75f, 1, 0}}}};
}

ImageView small_image(int width = 6, int height = 4) {
  const size_t bytes = size_t(width) * size_t(height) * 3;
  return {.title = "photo",
          .image = {width, height, std::vector<uint8_t>(bytes, 90)},
          .grid = {.rows = 2, .columns = 2, .prefix = 1},
          .seen = {1, 0, 4, 4},
          .layers = 1,
          .heads = 2,
          .weights = std::vector<float>(50, 0.2f),
          .query = 3,
          .answers = {{"cat", 0.5}}};
}

std::string page_of(const std::vector<AttentionView>& views) {
  const TemporaryFolder folder;
  attention_page(folder.path() / "page.html", "Title", views);
  return read_bytes(folder.path() / "page.html");
}

std::vector<float> weights_of(const json& block) {
  const std::string text = block["weights"];
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<float> weights;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | uint32_t(letters.find(c));
    if ((count += 6) < 8) continue;
    count -= 8;
    const float root = float(bits >> count & 255) / 255;
    weights.push_back(root * root);
  }
  return weights;
}

}  // namespace

TEST_CASE("attention_page: one file with texts and photos, whose weights are within 0.004") {
  const TextView text = small_text();
  const std::string page = page_of({text, small_image()});
  CHECK(page == page_of({text, small_image()}));
  CHECK(!contains(page, "src=\"http"));
  CHECK(!contains(page, "@data@"));
  const json data = page_data(page);
  CHECK(data["title"].get<std::string>() == "Title");
  REQUIRE(data["views"].size() == 2);
  const json &own = data["views"][0]["blocks"][0], &photo = data["views"][1]["blocks"][0];
  CHECK(data["views"][0]["title"].get<std::string>() == text.title);
  CHECK(own["query_tokens"][0].get<std::string>() == "</s>");
  CHECK(own["key_tokens"][2].get<std::string>() == "\uFFFD");  // what is not UTF-8
  const std::vector<float> weights = weights_of(own);
  REQUIRE(weights.size() == 36);
  for (size_t i = 0; i < 36; ++i) CHECK(std::abs(weights[i] - text.attentions[0].weights[i]) < 0.004f);
  CHECK(weights_of(data["views"][0]["blocks"][1]).at(1) == 1);
  CHECK(photo["seen"].get<std::vector<double>>() == std::vector<double>{1.0 / 6, 0, 4.0 / 6, 1});
  CHECK((photo["rows"] == 2 && photo["prefix"] == 1 && photo["query"] == 3 && photo["keys"] == 5));
  CHECK(data["views"][1]["picture"].get<std::string>().starts_with("data:image/jpeg;base64,/9j/"));
}

TEST_CASE("attention_page: its code is small, and a large photo becomes smaller") {
  size_t code = 0;
  for (const char* file : {"page.html", "page.css", "weights.js", "listbox.js", "text_view.js",
                           "image_view.js", "grid_view.js", "page.js"})
    code += page_file(file).size();
  CHECK(code < 60000);
  const std::string page = page_of({small_text()});
  CHECK(page.size() < code + 2000);
  const ImageView large = small_image(3000, 1000);
  CHECK(page_of({large}).size() < code + 100000);
  CHECK_THROWS_AS(page_file("none.js"), Error);
}

TEST_CASE("attention_page: base64 fills its last letters") {
  const auto text = [](std::string_view bytes) {
    return base64({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  };
  CHECK(text("") == "");
  CHECK(text("M") == "TQ==");
  CHECK(text("Ma") == "TWE=");
  CHECK(text("Man") == "TWFu");
  CHECK(text("\xff\xfe\xfd\x80") == "//79gA==");
}

TEST_CASE("attention_page rejects what does not fit") {
  const TemporaryFolder folder;
  const auto rejects = [&](const std::vector<AttentionView>& views, const std::vector<std::string>& parts) {
    check_rejects([&] { attention_page(folder.path() / "a.html", "t", views); }, parts);
  };
  rejects({}, {"attention_page", "0 views"});
  rejects({TextView{"empty", {}}}, {"attention_page", "empty", "0 attentions"});
  TextView text = small_text();
  text.attentions[0].weights.pop_back();
  rejects({text}, {"attention_page", "own", "2 layers, 2 heads, 3 queries and 3 keys", "35", "36"});
  text = small_text();
  text.attentions[0] = {
      "wide", std::vector<std::string>(65536, "q"), std::vector<std::string>(65536, "k"), 65536, 65536, {}};
  rejects({text}, {"attention_page", "wide of 65536 layers", "0"});
  text = small_text();
  text.attentions[1].weights[2] = -0.5f;
  rejects({text}, {"attention_page", "cross", "weight 2", "-0.5"});
  text.attentions[1].weights[2] = NAN;
  rejects({text}, {"attention_page", "weight 2", "nan"});
  text.attentions[1].keys.clear();
  rejects({text}, {"attention_page", "cross", "1 layers, 3 heads, 1 queries and 0 keys"});
  ImageView image = small_image();
  image.query = 5;
  rejects({image}, {"attention_page", "photo", "token 5", "1 to 4"});
  image = small_image();
  image.grid.prefix = 0;
  rejects({image}, {"attention_page", "behind 0 tokens"});
  image = small_image();
  image.grid.prefix = 2;
  image.query = 1;  // neither the class token nor a patch
  rejects({image}, {"attention_page", "photo", "token 1", "0 or one of 2 to 5"});
  image = small_image();
  for (const int64_t side : {int64_t(1) << 32, int64_t(1) << 31, int64_t(65537)}) {
    image.grid = {.rows = side, .columns = side, .prefix = 1};
    rejects({image}, {"attention_page", "photo", std::to_string(side)});
  }
  image = small_image();
  image.image.width = 0;
  rejects({image}, {"attention_page", "photo", "0 x 4"});
  CHECK(!std::filesystem::exists(folder.path() / "a.html"));
}
