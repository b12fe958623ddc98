#include "options.h"

#include <set>

namespace fs = std::filesystem;

void add_options(CLI::App& app, Options& options) {
  app.add_option("IMAGE", options.images, "PNG, JPEG or BMP files")->required();
  app.add_option("--model", options.model, "Hugging Face directory, vit or deit; else samples/models/vit");
  app.add_option("--device", options.device, "index or part of the name, see fovea-info");
  app.add_option("--top", options.top, "how many classes to show, 5 by default")->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch, "images a forward pass, 1 by default")->check(CLI::PositiveNumber);
  app.add_flag("--json", options.json, "one JSON object a line for each image");
  app.add_flag("--logits", options.logits, "all logits in the JSON objects")->needs("--json");
  app.add_option("--attention", options.attention,
                 "writes the image darkened where the class token does not look: for one image OUT.png, for "
                 "several OUT-<stem>.png each")
      ->type_name("OUT.png")
      ->check([](const std::string& out) { return out.ends_with(".png") ? "" : out + " is no .png"; });
  app.add_option("--page", options.page, "OUT.html to look into the attention of all layers and heads");
  app.add_option("--layer", options.layer, "of this layer, from 1; without it a rollout over all layers")
      ->check(CLI::PositiveNumber)
      ->needs("--attention");
}

std::string find_model(const Options& options, const fs::path& program) {
  if (fs::is_directory(options.model)) return options.model;
  if (!options.model.empty()) throw CLI::ValidationError("--model", options.model + ": no such directory");
  const fs::path place = "samples/models/vit";
  for (fs::path folder : {fs::absolute(program).parent_path(), fs::current_path()})
    for (; folder != folder.root_path(); folder = folder.parent_path())
      if (fs::exists(folder / place / "config.json")) return (folder / place).lexically_normal().string();
  throw CLI::ValidationError(
      "--model", "not given, and " + place.string() + " is neither near this program nor the current folder");
}

fs::path overlay_path(const Options& options, const fs::path& image) {
  if (options.images.size() == 1) return options.attention;
  const std::string stem = options.attention.substr(0, options.attention.size() - 4);
  return stem + "-" + image.stem().string() + ".png";
}

void check_overlay_paths(const Options& options) {
  if (options.attention.empty()) return;
  std::set<fs::path> written;
  for (const std::string& image : options.images)
    if (const fs::path out = overlay_path(options, image); !written.insert(out).second)
      throw CLI::ValidationError("--attention", "two images would become " + out.string());
}
