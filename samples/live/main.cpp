// live: a window of a host that owns its device, and a Vision Transformer that looks at what it shows.
//
//   live [PICTURE..|FOLDER] [--model DIR]
//
// The host draws a camera that moves over pictures, or the frames of a folder, at the display's rate. Fovea
// adopts its device: it takes the camera's image as it lies there, classifies it in slices of at most 2 ms a
// frame, and writes into another image what a patch looks at, which the host lays over the picture. Layer
// and head are chosen by sliders, the patch by the mouse.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "../common/sample.h"
#include "live.h"

namespace {

// The shipped pictures, and the shipped model.
void set_defaults(Options& options) {
  if (options.model.empty()) options.model = project_file("samples/models/vit");
  if (!options.scene.empty()) return;
  for (const auto& each : std::filesystem::directory_iterator(project_file("samples/images")))
    options.scene.push_back(each.path().string());
  std::ranges::sort(options.scene);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A Vision Transformer looks at what a window shows, in slices of its frames.");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    set_defaults(options);
    const Glfw glfw;
    Host host({options.device, glfw.instance_extensions(), options.validation});
    {
      Live live(host, options);
      live.run();
      if (options.json) live.report();
    }
    for (const std::string& each : host.messages) fmt::print(stderr, "validation: {}\n", each);
    return host.messages.empty() ? 0 : 1;
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "live: {}\n", problem.what());
    return 1;
  }
}
