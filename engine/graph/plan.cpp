#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "core/check.h"
#include "gpu/profile.h"
#include "graph/arena.h"
#include "graph/fuse.h"
#include "graph/guards.h"
#include "graph/order.h"
#include "graph/plan_impl.h"

namespace fovea {
namespace {

std::vector<ValueId> ids(const std::vector<Tensor>& tensors) {
  std::vector<ValueId> result;
  for (const Tensor& tensor : tensors) result.push_back(tensor.id);
  return result;
}

// Elements of a view from its first to its last in memory, both included.
uint64_t extent(const Value& value) {
  uint64_t last = 0;
  for (int axis = 0; axis < value.shape.rank(); ++axis)
    last += uint64_t(value.shape[axis] - 1) * uint64_t(value.strides[size_t(axis)]);
  return last + 1;
}

// Copies a strided value into row order.
void gather(const std::byte* from, const Value& value, std::byte* to) {
  const Shape& shape = value.shape;
  const uint64_t count = shape.elements();
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t rest = i, source = 0;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      source += rest % uint64_t(shape[axis]) * uint64_t(value.strides[size_t(axis)]);
      rest /= uint64_t(shape[axis]);
    }
    std::memcpy(to + i * kElementBytes, from + source * kElementBytes, kElementBytes);
  }
}

}  // namespace

// The compiler, as its table of contents.
Plan::Impl::Impl(Gpu& owner, const Graph& graph, const std::vector<Tensor>& wanted,
                 const PlanOptions& options)
    : gpu(owner),
      guard(options.guards ? kGuardBytes : 0),
      values(graph.values()),
      outputs(ids(wanted)),
      tables(owner),
      commands(owner),
      usage(std::make_shared<Usage>(owner)) {
  for (const Tensor& output : wanted)
    FOVEA_CHECK(output.graph == &graph, "plan: an output belongs to another graph");
  steps = order(values, graph.nodes(), outputs);
  steps = fuse(values, std::move(steps), outputs);
  lives = lifetimes(values, steps, outputs);
  for (const Tensor& image : options.images) images.push_back(bindable(image));
  place_inputs_and_outputs();
  place_intermediates(options.arena_of ? options.arena_of->impl_.get() : nullptr);
  compile();
  record_anew(VK_NULL_HANDLE);
  note_users();
  milliseconds.resize(steps.size());
}

Plan::Impl::~Impl() {
  for (const auto& users : touched) users->remove(usage.get());
}

void Plan::Impl::note_users() {
  std::set<const Buffer*> all = {arena_buffer.get(), io.get(), staging.get()};
  for (const Node& step : steps) {
    for (const auto* ids : {&step.inputs, &step.outputs})
      for (const ValueId id : *ids)
        if (id != kNoValue) all.insert(span_of(id).buffer);
  }
  for (const ValueId output : outputs) all.insert(span_of(output).buffer);
  all.erase(nullptr);
  for (const Buffer* each : all) touched.push_back(each->users());
  for (const auto& users : touched) users->add(usage);
}

void Plan::Impl::place_inputs_and_outputs() {
  places.resize(values.size());
  std::vector<std::pair<ValueId, uint64_t>> offsets;
  const auto append = [&](ValueId id) {
    const bool placed = std::any_of(offsets.begin(), offsets.end(), [&](auto& o) { return o.first == id; });
    if (placed || values[id].state) return;
    offsets.emplace_back(id, io_bytes + guard);
    io_bytes += guard + arena_aligned(values[id].bytes);
  };
  for (ValueId id = 0; id < values.size(); ++id)
    if (values[id].input && !of_image(id)) append(id);
  input_bytes = io_bytes;
  for (ValueId output : outputs)
    if (!of_image(output)) append(values[output].base);
  staged_bytes = io_bytes;
  for (ValueId image : images) append(image);
  if (io_bytes == 0) return;
  io_bytes += guard;
  io = std::make_unique<Buffer>(gpu, io_bytes, MemoryKind::device, "plan inputs and outputs");
  if (!io->mapped() && staged_bytes > 0)
    staging = std::make_unique<Buffer>(gpu, staged_bytes, MemoryKind::staging, "plan staging");
  if (staging && guard) arm_guards(gpu.memory(), *staging);
  for (const auto& [id, offset] : offsets) places[id] = {io.get(), offset, values[id].bytes};
  if (guard) arm_guards(gpu.memory(), *io);
}

void Plan::Impl::place_intermediates(const Impl* arena_of) {
  const Arena packed = guard ? spread(lives, guard) : arena(lives);
  arena_bytes = packed.bytes;
  live_bytes = largest_live_set(lives);
  if (arena_of && !guard && &arena_of->gpu == &gpu && arena_of->arena_bytes >= arena_bytes)
    arena_buffer = arena_of->arena_buffer;
  else if (arena_bytes > 0)
    arena_buffer = std::make_shared<Buffer>(gpu, arena_bytes, MemoryKind::device, "plan arena");
  for (size_t i = 0; i < lives.size(); ++i)
    places[lives[i].value] = {arena_buffer.get(), packed.offsets[i], lives[i].bytes};
  if (guard && arena_buffer) arm_guards(gpu.memory(), *arena_buffer);
}

Span Plan::Impl::span_of(ValueId id) const {
  if (id == kNoValue) return {};
  const Value& value = values[id];
  const Span whole = value.state ? Span{value.state, 0, value.state->bytes()} : places[value.base];
  const uint64_t bytes = value.base == id ? value.bytes : extent(value) * kElementBytes;
  return {whole.buffer, whole.offset + uint64_t(value.offset) * kElementBytes, bytes};
}

// The steps [first, first + count), between what host and device exchange before the first and behind the
// last.
void Plan::Impl::record_slice(Recorder& recorder, uint32_t first, uint32_t count) {
  recorder.enter();
  if (first == 0) copy_in(recorder);
  for (uint32_t s = first; s < first + count; ++s) {
    const Node& step = steps[s];
    const auto spans = [&](const std::vector<ValueId>& of) {
      std::vector<Span> result;
      for (ValueId id : of) result.push_back(span_of(id));
      return result;
    };
    tables.begin(s);
    Launch launch(gpu, recorder, tables, spans(step.inputs), spans(step.outputs));
    recorder.begin_step(step.spec.op);
    step.spec.launch(launch);
    recorder.end_step();
  }
  if (first + count == steps.size()) copy_out(recorder);
  recorder.leave();
}

// Makes the kernels that are not there yet, side by side.
void Plan::Impl::compile() {
  std::vector<KernelWish> wishes;
  Recorder recorder(gpu, wishes);
  record_slice(recorder, 0, uint32_t(steps.size()));
  gpu.kernels().make_all(wishes);
}

void Plan::Impl::record_anew(VkQueryPool timestamps) {
  commands.wait();
  commands.begin(VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
  touches_images = timestamps == VK_NULL_HANDLE;
  if (timestamps) gpu.vk().vkCmdResetQueryPool(commands.handle(), timestamps, 0, uint32_t(2 * steps.size()));
  Recorder recorder(gpu, commands.handle(), timestamps);
  record_slice(recorder, 0, uint32_t(steps.size()));
  commands.end();
  dispatches = recorder.dispatches();
  barriers = recorder.barriers();
  touches_images = true;
  stale = false;
}

const Value& Plan::Impl::checked(const char* what, Tensor tensor, DType dtype, uint64_t count) const {
  FOVEA_CHECK(tensor.id < values.size(), "plan: ", what, " of a tensor of another graph");
  const Value& value = values[tensor.id];
  FOVEA_CHECK(value.dtype == dtype, "plan: ", what, " ", name(dtype), " values of ", value.name, " ",
              value.shape, ", which holds ", name(value.dtype));
  FOVEA_CHECK(value.shape.elements() == count, "plan: ", what, " ", count, " values of ", value.name, " ",
              value.shape, ", which has ", value.shape.elements());
  return value;
}

void Plan::Impl::write(Tensor input, DType dtype, std::span<const std::byte> bytes) {
  const Value& value = checked("write", input, dtype, bytes.size() / kElementBytes);
  FOVEA_CHECK(value.input, "plan: write of ", value.shape, ", which is not an input");
  check_own("write", input.id);
  gpu.memory().write(staging ? *staging : *io, places[input.id].offset, bytes);
}

void Plan::Impl::read(Tensor output, DType dtype, std::span<std::byte> bytes) const {
  const Value& value = checked("read", output, dtype, bytes.size() / kElementBytes);
  const bool known =
      std::any_of(outputs.begin(), outputs.end(), [&](ValueId id) { return values[id].base == value.base; });
  FOVEA_CHECK(known, "plan: read of ", value.shape, ", which is not an output");
  check_own("read", output.id);
  const Span span = span_of(output.id);
  const Buffer& from = staging && span.buffer == io.get() ? *staging : *span.buffer;
  if (output.contiguous()) {
    gpu.memory().read(from, span.offset, bytes);
  } else {
    std::vector<std::byte> strided(span.bytes);
    gpu.memory().read(from, span.offset, strided);
    gather(strided.data(), value, bytes.data());
  }
}

Plan::Plan(Device& device, const Graph& graph, const std::vector<Tensor>& outputs, const PlanOptions& options)
    : impl_(std::make_unique<Impl>(device.gpu(), graph, outputs, options)) {}
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

void Plan::write(Tensor input, std::span<const float> values) {
  impl_->write(input, DType::f32, std::as_bytes(values));
}
void Plan::write(Tensor input, std::span<const uint32_t> values) {
  impl_->write(input, DType::u32, std::as_bytes(values));
}

void Plan::run() {
  submit();
  wait();
}
Ticket Plan::submit(const SubmitOptions& options) {
  FOVEA_CHECK(options.times >= 1 && options.times <= Queue::kMaxReplays, "plan: ", options.times,
              " replays in a submission, 1 to ", Queue::kMaxReplays, " are possible");
  impl_->prepare(options.times);
  const Ticket ticket = impl_->commands.submit(options.times, options.wait, options.signal);
  impl_->usage->submitted(ticket);
  return ticket;
}
void Plan::wait() { impl_->commands.wait(); }

void Plan::read(Tensor output, std::span<float> values) const {
  impl_->read(output, DType::f32, std::as_writable_bytes(values));
}
std::vector<float> Plan::read(Tensor output) const {
  std::vector<float> values(output.shape().elements());
  read(output, values);
  return values;
}
std::vector<uint32_t> Plan::read_u32(Tensor output) const {
  std::vector<uint32_t> values(output.shape().elements());
  impl_->read(output, DType::u32, std::as_writable_bytes(std::span(values)));
  return values;
}

uint32_t Plan::steps() const { return uint32_t(impl_->steps.size()); }
void Plan::record(VkCommandBuffer commands) { record(commands, 0, steps()); }
void Plan::record(VkCommandBuffer commands, uint32_t first, uint32_t count) {
  FOVEA_CHECK(first <= steps() && count <= steps() - first, "plan: steps ", first, " to ",
              uint64_t(first) + count, " of ", steps());
  impl_->gpu.memory().flush();
  Recorder recorder(impl_->gpu, commands);
  impl_->record_slice(recorder, first, count);
  impl_->usage->recorded();
}
void Plan::in_use_until(VkSemaphore timeline, uint64_t value) { impl_->usage->until(timeline, value); }
void Plan::finished() { impl_->usage->finished(); }

std::vector<StepTime> Plan::profile() {
  Impl& plan = *impl_;
  Timestamps timestamps(plan.gpu, uint32_t(plan.steps.size()));
  plan.record_anew(timestamps.pool());
  run();
  const std::vector<double> milliseconds = timestamps.milliseconds();
  plan.record_anew(VK_NULL_HANDLE);
  plan.milliseconds = milliseconds;
  std::vector<StepTime> result;
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    const Node& node = plan.steps[step];
    result.push_back(
        {node.spec.op, node.spec.detail, to_string(plan.values[node.outputs[0]].shape), milliseconds[step]});
  }
  return result;
}

void Plan::Impl::table_row(std::string& text, size_t step) const {
  const Node& node = steps[step];
  std::string inputs;
  for (ValueId input : node.inputs)
    if (input != kNoValue) inputs += (inputs.empty() ? "" : " ") + to_string(values[input].shape);
  const Value& made = values[node.outputs[0]];
  const Span place = span_of(node.outputs[0]);
  const char* where = made.state                    ? "state"
                      : place.buffer == io.get()    ? "output"
                      : binding_of(node.outputs[0]) ? "host"
                                                    : "arena";
  text += fmt::format("{:4}  {:<18} {:<34} -> {:<22} {:>12} bytes  {:>6} + {:<10} {}\n", step, node.spec.op,
                      inputs, to_string(made.shape), made.bytes, where, place.offset, node.spec.detail);
}

std::string Plan::print() const {
  std::string text;
  for (size_t step = 0; step < impl_->steps.size(); ++step) impl_->table_row(text, step);
  text += fmt::format(
      "{} steps, {} dispatches, {} barriers; arena {} bytes, largest live set {} bytes ({:.2f}x)\n",
      impl_->steps.size(), impl_->dispatches, impl_->barriers, impl_->arena_bytes, impl_->live_bytes,
      impl_->live_bytes ? double(impl_->arena_bytes) / double(impl_->live_bytes) : 1.0);
  return text;
}

bool Plan::guards_intact() const {
  FOVEA_CHECK(impl_->guard > 0, "plan: guards_intact() without PlanOptions::guards");
  Memory& memory = impl_->gpu.memory();
  for (const Buffer* buffer : {impl_->io.get(), impl_->arena_buffer.get()})
    if (buffer && !fovea::guards_intact(memory, *buffer, impl_->places)) return false;
  return true;
}

uint64_t Plan::arena_bytes() const { return impl_->arena_bytes; }
uint64_t Plan::live_bytes() const { return impl_->live_bytes; }
uint32_t Plan::dispatches() const { return impl_->dispatches; }
uint32_t Plan::barriers() const { return impl_->barriers; }

}  // namespace fovea
