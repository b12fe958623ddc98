// draws FILE.png: a picture by fovea::viz, whose packages come with it.
#include <fovea/png.hpp>

int main(int, char** arguments) {
  fovea::Image image;
  image.width = image.height = 2;
  image.rgb.assign(12, 200);
  fovea::write_png(arguments[1], image);
}
