// lecture: the slides of a lecture on attention as one program, in their order.
//
//   lecture [--out DIR] [--model DIR --photo FILE] [--json]
//
// Each slide prints the shapes that it is about and its numbers beside those of a plain computation in double
// precision, and draws what it shows. On slides 16 to 19 a Vision Transformer looks at a photo: --model is a
// directory as Hugging Face has them. Takes a few seconds; ends with status 1 where a number is not as
// expected.
#include "slides.h"

int main(int argc, char** argv) {
  Sample sample("The slides of a lecture on attention: gates, soft attention, heads, a Vision Transformer.");
  std::string model = project_file("samples/models/vit"), photo = project_file("samples/images/chelsea.png");
  sample.app.add_option("--model", model, "directory of a Vision Transformer")->capture_default_str();
  sample.app.add_option("--photo", photo, "what it looks at")->capture_default_str();
  return sample.run(argc, argv, [&](Sample&) {
    fovea::Device device({.name = sample.device, .cache = fovea::cache_folder()});
    Slides slides{sample, device};
    convolution_slides(slides);
    attention_slides(slides);
    vision_slides(slides, model, photo);
  });
}
