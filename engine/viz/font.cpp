// A font of strokes. A glyph is lines of points "xy": x from 0 on to the right, y from 0, the top of
// capitals, over 2, the top of small letters, and 6, the baseline, to 8.
#include <algorithm>

#include "viz/canvas.h"

namespace fovea {
namespace {

constexpr double kUnit = 5.0 / 3;  // pixels that a step of x or y is long
constexpr int kBaseline = 6;
constexpr double kGap = 1.8, kSpace = 1.5;  // units between two glyphs, and of a blank
constexpr int kDigit = 4;                   // units of every digit: numbers keep their width

struct Glyph {
  char character;
  const char* lines;
};

constexpr const char* kBox = "0006464000";  // for characters that have no glyph

constexpr Glyph kGlyphs[] = {
    {'0', "103041453616050110"},
    {'1', "112026 1636"},
    {'2', "011030414233150646"},
    {'3', "01103041423313 334445361605"},
    {'4', "36300444"},
    {'5', "400002324345361605"},
    {'6', "413010010516364544331304"},
    {'7', "00402326"},
    {'8', "13334445361605041302011030414233"},
    {'9', "051636454130100102133342"},
    {'A', "062046 1434"},
    {'B', "0333424130000636454433"},
    {'C', "4130100105163645"},
    {'D', "06003041453606"},
    {'E', "40000646 0333"},
    {'F', "400006 0333"},
    {'G', "41301001051636454323"},
    {'H', "0006 4046 0343"},
    {'I', "0006"},
    {'J', "3035261605"},
    {'K', "0006 4004 1346"},
    {'L', "000646"},
    {'M', "0600234046"},
    {'N', "06004640"},
    {'O', "103041453616050110"},
    {'P', "06003041423303"},
    {'Q', "103041453616050110 2447"},
    {'R', "06003041423303 2346"},
    {'S', "413010010213334445361605"},
    {'T', "0040 2026"},
    {'U', "000516364540"},
    {'V', "002640"},
    {'W', "0016325660"},
    {'X', "0046 4006"},
    {'Y', "002340 2326"},
    {'Z', "00400646"},
    {'a', "0312223336 341405162635"},
    {'b', "0006 0312223335261605"},
    {'c', "3322120305162635"},
    {'d', "3036 3322120305162635"},
    {'e', "04343322120305162635"},
    {'f', "30201116 0232"},
    {'g', "3237281807 3322120305162635"},
    {'h', "0006 0312223336"},
    {'i', "0206 0000"},
    {'j', "121708 1010"},
    {'k', "0006 3205 1436"},
    {'l', "0006"},
    {'m', "0206 0312223336 3342526366"},
    {'n', "0206 0312223336"},
    {'o', "122233352616050312"},
    {'p', "0208 0312223335261605"},
    {'q', "3238 3322120305162635"},
    {'r', "0206 031222"},
    {'s', "33221203142435261605"},
    {'t', "10152636 0232"},
    {'u', "0205162635 3236"},
    {'v', "022642"},
    {'w', "0216325662"},
    {'x', "0236 3206"},
    {'y', "0226 4218"},
    {'z', "02320636"},
    {'.', "0606"},
    {',', "1607"},
    {':', "0303 0606"},
    {'-', "0333"},
    {'+', "0343 2125"},
    {'=', "0242 0444"},
    {'_', "0747"},
    {'/', "3007"},
    {'%', "6006 1021120110 5465564554"},
    {'(', "10010516"},
    {')', "00111506"},
    {'[', "10000616"},
    {']', "00101606"},
    {'<', "310335"},
    {'>', "013305"},
    {'!', "0004 0606"},
    {'?', "011030414224 2626"},
    {'\'', "0002"},
    {'"', "0002 2022"},
    {'*', "2125 0244 0442"},
    {'#', "1006 4036 0242 0444"},
};

const char* glyph_of(char character) {
  for (const Glyph& each : kGlyphs)
    if (each.character == character) return each.lines;
  return kBox;
}

// The lines of one character from (x, baseline), in pixels; returns its width in units.
double add_glyph(std::vector<Line>& lines, char character, double x) {
  int width = 0;
  bool begins = true;
  for (const char* at = glyph_of(character); *at; ++at) {
    if (*at == ' ') {
      begins = true;
      continue;
    }
    const int column = at[0] - '0', row = at[1] - '0';
    ++at;
    if (begins) lines.emplace_back();
    begins = false;
    lines.back().push_back({x + column * kUnit, (row - kBaseline) * kUnit});
    width = std::max(width, column);
  }
  return character >= '0' && character <= '9' ? kDigit : width;
}

// Lines of the text; its width in pixels.
std::pair<std::vector<Line>, double> set_text(std::string_view text) {
  std::vector<Line> lines;
  double x = 0;
  for (const char character : text) {
    if ((uint8_t(character) & 0xC0) == 0x80) continue;  // a further byte of a character beyond ASCII
    const double width = character == ' ' ? kSpace : add_glyph(lines, character, x);
    x += (width + kGap) * kUnit;
  }
  return {std::move(lines), std::max(x - kGap * kUnit, 0.0)};
}

}  // namespace

double text_width(std::string_view text) { return set_text(text).second; }

std::vector<Line> text_lines(std::string_view text) { return set_text(text).first; }

}  // namespace fovea
