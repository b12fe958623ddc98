#include "panel.h"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace {

constexpr size_t kShown = 240;  // frames

void text(const std::string& line) { ImGui::TextUnformatted(line.c_str()); }
void headline(const char* line) {
  ImGui::Spacing();
  ImGui::TextDisabled("%s", line);
}

void draw_answers(const Seen& seen) {
  headline("WHAT THE MODEL SEES");
  for (const Answer& each : seen.answers) {
    const std::string said = fmt::format("{}  {:.1f} %", each.label, 100 * each.probability);
    ImGui::ProgressBar(float(each.probability), ImVec2(-1, 0), said.c_str());
  }
}

// Sliders count from 1 as people do; the mean of all heads is head 0.
void draw_choice(const fovea::ViTConfig& config, Choice& choice) {
  headline("ATTENTION");
  ImGui::Checkbox("over the picture", &choice.attention);
  int layer = int(choice.look.layer < 0 ? config.depth + choice.look.layer : choice.look.layer) + 1;
  int head = int(choice.look.head) + 1;
  ImGui::SetNextItemWidth(-60);
  ImGui::SliderInt("layer", &layer, 1, int(config.depth), "%d", ImGuiSliderFlags_AlwaysClamp);
  ImGui::SetNextItemWidth(-60);
  ImGui::SliderInt("head", &head, 0, int(config.heads), head == 0 ? "all" : "%d",
                   ImGuiSliderFlags_AlwaysClamp);
  ImGui::SetNextItemWidth(-60);
  ImGui::SliderFloat("dark", &choice.strength, 0, 1, "%.2f", ImGuiSliderFlags_AlwaysClamp);
  choice.look.layer = layer - 1;
  choice.look.head = head - 1;
  const int64_t columns = config.width / config.patch, rows = config.height / config.patch;
  const int64_t patch = choice.look.query - (config.tokens() - rows * columns);
  text(patch < 0
           ? "of the class token; point at a patch"
           : fmt::format("of the patch in row {}, column {}", patch / columns + 1, patch % columns + 1));
}

void plot(const char* name, const std::deque<float>& milliseconds, float most, float height) {
  const std::vector<float> values(milliseconds.begin(), milliseconds.end());
  const ImVec2 size(ImGui::GetContentRegionAvail().x, height);
  ImGui::PlotLines(name, values.data(), int(values.size()), 0, nullptr, 0, most, size);
}

float largest(const std::deque<float>& values) {
  return values.empty() ? 0 : *std::ranges::max_element(values);
}
float mean(const std::deque<float>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0f) / float(values.size());
}

void draw_times(const PanelState& state, const FrameTimes& times) {
  headline("TIME OF A FRAME");
  const float height = 3 * ImGui::GetTextLineHeight();
  const float whole = mean(times.whole), longest = largest(times.whole);
  text(fmt::format("{:.1f} ms, longest {:.1f} ms, {:.0f} a second", whole, longest,
                   whole > 0 ? 1000 / whole : 0));
  plot("##whole", times.whole, std::max(20.0f, 1.1f * longest), height);
  const float fovea = mean(times.fovea), share = whole > 0 ? 100 * fovea / whole : 0;
  text(fmt::format("Fovea {:.2f} ms, {:.0f} %, at most {:.2f} ms", fovea, share, largest(times.fovea)));
  plot("##fovea", times.fovea, std::max(1.5f * float(state.slice), 1.1f * largest(times.fovea)), height);
  text(fmt::format("slices of {:.1f} ms; drawing takes {:.2f} ms", state.slice, times.host));
}

}  // namespace

void FrameTimes::add(double whole_frame, const FrameTime& device) {
  whole.push_back(float(whole_frame));
  fovea.push_back(float(device.fovea));
  host += (device.host - host) / 30;
  for (std::deque<float>* each : {&whole, &fovea})
    if (each->size() > kShown) each->pop_front();
}

void draw_panel(const Rectangle& at, const PanelState& state, const FrameTimes& times, Choice& choice) {
  ImGui::SetNextWindowPos(ImVec2(at.left, at.top));
  ImGui::SetNextWindowSize(ImVec2(at.width, at.height));
  ImGui::Begin("panel", nullptr,
               ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoBringToFrontOnFocus);
  text(state.scene);
  ImGui::PushStyleColor(ImGuiCol_Text, ImGui::GetStyle().Colors[ImGuiCol_TextDisabled]);
  ImGui::TextWrapped("%s", state.device.c_str());
  ImGui::PopStyleColor();
  if (state.watcher == nullptr) {
    headline("THE MODEL IS LOADED AND COMPILED");
    ImGui::ProgressBar(float(state.loaded), ImVec2(-1, 0));
  } else {
    const Watcher& watcher = *state.watcher;
    draw_answers(watcher.seen());
    draw_choice(watcher.config(), choice);
  }
  draw_times(state, times);
  if (state.watcher != nullptr) {
    const Watcher& watcher = *state.watcher;
    text(fmt::format("a look took {:.1f} ms, in {} frames", watcher.seen().milliseconds,
                     watcher.seen().frames));
    text(fmt::format("Fovea holds {:.1f} MB of the device", double(watcher.memory().held) * 1e-6));
  }
  ImGui::End();
}

void draw_patch(const Rectangle& picture, const fovea::Region& patch, double camera_size) {
  const float scale = picture.width / float(camera_size);
  const ImVec2 from(picture.left + scale * float(patch.left), picture.top + scale * float(patch.top));
  const ImVec2 to(from.x + scale * float(patch.width), from.y + scale * float(patch.height));
  ImGui::GetBackgroundDrawList()->AddRect(from, to, IM_COL32(255, 210, 60, 255), 0, 0, 2);
}
