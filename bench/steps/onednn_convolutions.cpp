// The limit: the network's convolutions alone, as bare oneDNN primitives in the layouts that each likes best, and the
// peak of fused multiply-adds on the same core.
// usage: bench_steps_onednn lenet5|resnet20|vanilla20 BATCH SECONDS
#include <cstring>
#include <memory>

#include "bench/steps/round.h"
#include "engine/bridge.h"
#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/engine/peak.h"
#include "fanin/model/builders.h"

namespace {

using namespace fanin;
using engine::Dims;

struct Call {
  dnnl::primitive primitive;
  std::unordered_map<int, dnnl::memory> arguments;
};

dnnl::memory zeros(const dnnl::memory::desc& desc) {
  dnnl::memory memory(desc, engine::cpu());
  std::memset(memory.get_data_handle(), 0, desc.get_size());
  return memory;
}

template <class Primitive>
Call call_of(const typename Primitive::primitive_desc& pd, std::unordered_map<int, dnnl::memory> arguments) {
  arguments.emplace(DNNL_ARG_SCRATCHPAD, zeros(pd.scratchpad_desc()));
  return {Primitive(pd), std::move(arguments)};
}

struct Work {
  std::vector<Call> calls;
  double flops = 0;
};

Work work_of(const model::Graph& graph, std::int64_t batch) {
  Work work;
  for (const model::Node& node : graph.nodes()) {
    const auto* conv = std::get_if<model::Conv2d>(&node.op);
    if (!conv) continue;
    const Shape& from = graph.value(node.inputs[0]).shape;
    const Shape& to = graph.value(node.output).shape;
    const Dims in = {batch, from[0], from[1], from[2]}, out = {batch, to[0], to[1], to[2]};
    const Dims kernel = {conv->out_channels, from[0], conv->kernel_h, conv->kernel_w};
    const engine::ConvGeometry geometry{{conv->stride_h, conv->stride_w},
                                        {conv->dilation_h - 1, conv->dilation_w - 1},
                                        {conv->pad_top, conv->pad_left},
                                        {conv->pad_bottom, conv->pad_right}};
    const auto any = engine::any_desc;
    const bool first = node.inputs[0] == graph.input();
    const auto source = first ? engine::plain_desc(in) : any(in);
    const auto forward = engine::conv_forward(source, any(kernel), nullptr, any(out), geometry, {});
    const auto weights = engine::conv_backward_weights(source, any(kernel), nullptr, any(out), geometry, forward);
    work.calls.push_back(call_of<dnnl::convolution_forward>(forward, {{DNNL_ARG_SRC, zeros(forward.src_desc())},
                                                                      {DNNL_ARG_WEIGHTS, zeros(forward.weights_desc())},
                                                                      {DNNL_ARG_DST, zeros(forward.dst_desc())}}));
    work.calls.push_back(call_of<dnnl::convolution_backward_weights>(
        weights, {{DNNL_ARG_SRC, zeros(weights.src_desc())},
                  {DNNL_ARG_DIFF_DST, zeros(weights.diff_dst_desc())},
                  {DNNL_ARG_DIFF_WEIGHTS, zeros(weights.diff_weights_desc())}}));
    if (!first) {
      const auto data = engine::conv_backward_data(any(in), any(kernel), any(out), geometry, forward);
      work.calls.push_back(
          call_of<dnnl::convolution_backward_data>(data, {{DNNL_ARG_DIFF_DST, zeros(data.diff_dst_desc())},
                                                          {DNNL_ARG_WEIGHTS, zeros(data.weights_desc())},
                                                          {DNNL_ARG_DIFF_SRC, zeros(data.diff_src_desc())}}));
    }
    const double products =
        static_cast<double>(element_count(to)) * static_cast<double>(from[0] * conv->kernel_h * conv->kernel_w * batch);
    work.flops += 2 * products * (first ? 2 : 3);
  }
  return work;
}

void run(const std::string& model, std::int64_t batch, double seconds) {
  const Shape input = model == "lenet5" ? Shape{1, 28, 28} : Shape{3, 32, 32};
  Work work = work_of(model::build_model(parse_spec(model), input, 10), batch);
  dnnl::stream stream(engine::cpu());
  const DenormalGuard guard;
  const auto step = [&] {
    for (const Call& call : work.calls) call.primitive.execute(stream, call.arguments);
  };
  step();
  bench::serve("", [&] {
    const double of_step = bench::median_of_round(seconds, step);
    return fmt::format("step={:.9f} flops={:.0f} peak={:.0f}", of_step, work.flops, engine::measure_fma_peak());
  });
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    fmt::print(stderr, "usage: bench_steps_onednn lenet5|resnet20|vanilla20 BATCH SECONDS\n");
    return 2;
  }
  try {
    run(arguments[1], parse_integer(arguments[2], "BATCH"), parse_number(arguments[3], "SECONDS"));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_steps_onednn: {}\n", error.what());
    return 1;
  }
}
