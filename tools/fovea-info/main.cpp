// fovea-info: what Vulkan devices there are, what Fovea makes of each, and which one it takes by itself.
//
//   fovea-info           as text
//   fovea-info --json    the same as one JSON object
//
// Prints for every device: driver, limits, capabilities with the result of their self-tests; then the active
// Vulkan layers (overlays show up here) and why the default device is the default. Exits with 0 when Fovea
// can run, 1 when there is no usable Vulkan device, 2 on wrong usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fovea/device.hpp"

namespace {

using fovea::Capability;
using fovea::Device;
using fovea::DeviceInfo;
using nlohmann::json;

// What was found out; error is empty where everything went well.
struct Report {
  struct Entry {
    DeviceInfo info;
    std::string error;  // why the device could not be opened
  };
  std::vector<Entry> devices;
  std::vector<std::string> layers;
  int chosen = -1;
  std::string why, error;
};

// Opens every suitable device once, so that its self-tests run.
Report examine() {
  Report report;
  try {
    for (DeviceInfo& info : Device::list()) {
      Report::Entry entry{std::move(info), {}};
      if (entry.info.unsuitable.empty()) {
        try {
          entry.info = Device({.name = std::to_string(entry.info.index)}).info();
        } catch (const std::exception& problem) {
          entry.error = problem.what();
        }
      }
      report.devices.push_back(std::move(entry));
    }
    const Device device;
    report.chosen = device.info().index;
    report.why = device.why();
    report.layers = device.layers();
  } catch (const std::exception& problem) {
    report.error = problem.what();
  }
  return report;
}

const char* state(const Capability& capability) {
  if (!capability.advertised) return "not advertised";
  if (capability.disabled) return "disabled";
  return capability.tested ? "usable" : "failed its self-test";
}

void print(const Report::Entry& entry, bool chosen) {
  const DeviceInfo& info = entry.info;
  const fovea::Limits& limits = info.limits;
  fmt::print("device {}{}: {}\n", info.index, chosen ? " (default)" : "", info.name);
  fmt::print("  type         {}\n", info.type);
  fmt::print("  driver       {} {}\n", info.driver, info.driver_version);
  fmt::print("  Vulkan       {}\n", info.api);
  fmt::print("  memory       {} MiB\n", info.memory_bytes >> 20);
  if (!info.unsuitable.empty()) {
    fmt::print("  unsuitable   {}\n\n", info.unsuitable);
    return;
  }
  if (!entry.error.empty()) fmt::print("  cannot open  {}\n", entry.error);
  fmt::print("  kernels      {}\n", name(limits.kernels));
  fmt::print("  subgroup     {} lanes\n", limits.subgroup);
  fmt::print("  workgroup    {} lanes, {} bytes shared\n", limits.max_workgroup_lanes, limits.shared_bytes);
  fmt::print("  workgroups   {} x {} x {}\n", limits.max_groups[0], limits.max_groups[1],
             limits.max_groups[2]);
  fmt::print("  buffer       {} bytes at most\n", limits.max_buffer_bytes);
  fmt::print("  capabilities\n");
  for (const Capability& capability : info.capabilities) {
    const std::string note = capability.note.empty() ? "" : " (" + capability.note + ")";
    fmt::print("    {:<12} {}{}\n", capability.name, state(capability), note);
  }
  fmt::print("\n");
}

int print(const Report& report) {
  for (const Report::Entry& entry : report.devices) print(entry, entry.info.index == report.chosen);
  if (!report.error.empty()) {
    fmt::print(stderr, "fovea-info: {}\n", report.error);
    return 1;
  }
  std::string layers;
  for (const std::string& layer : report.layers) layers += (layers.empty() ? "" : ", ") + layer;
  fmt::print("layers   {}\n", layers.empty() ? "none" : layers);
  fmt::print("default  {}\n", report.why);
  return 0;
}

json to_json(const Report::Entry& entry) {
  const DeviceInfo& info = entry.info;
  const fovea::Limits& limits = info.limits;
  json capabilities = json::object();
  for (const Capability& each : info.capabilities) {
    capabilities[each.name] = {{"advertised", each.advertised},
                               {"tested", each.tested},
                               {"disabled", each.disabled},
                               {"usable", each.usable()},
                               {"note", each.note}};
  }
  return {{"index", info.index},
          {"name", info.name},
          {"type", info.type},
          {"driver", info.driver},
          {"driver_version", info.driver_version},
          {"vulkan", info.api},
          {"memory_bytes", info.memory_bytes},
          {"unsuitable", info.unsuitable},
          {"error", entry.error},
          {"limits",
           {{"kernels", name(limits.kernels)},
            {"subgroup", limits.subgroup},
            {"max_workgroup_lanes", limits.max_workgroup_lanes},
            {"shared_bytes", limits.shared_bytes},
            {"max_groups", limits.max_groups},
            {"max_buffer_bytes", limits.max_buffer_bytes}}},
          {"capabilities", std::move(capabilities)}};
}

int print_json(const Report& report) {
  json devices = json::array();
  for (const Report::Entry& entry : report.devices) devices.push_back(to_json(entry));
  json all = {{"devices", std::move(devices)},
              {"layers", report.layers},
              {"why", report.why},
              {"error", report.error}};
  all["default"] = report.chosen < 0 ? json(nullptr) : json(report.chosen);
  // Names come from drivers: bytes that are no UTF-8 are replaced.
  fmt::print("{}\n", all.dump(2, ' ', false, json::error_handler_t::replace));
  return report.error.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Shows the Vulkan devices, what Fovea makes of each, and which one it takes by itself.");
  bool as_json = false;
  app.add_flag("--json", as_json, "one JSON object instead of text");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  const Report report = examine();
  return as_json ? print_json(report) : print(report);
}
