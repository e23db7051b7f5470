// libtorch's contender: the step as a C++ user of PyTorch writes it.
// usage: bench_steps_libtorch lenet5|resnet20 BATCH SECONDS nchw|channels_last; starts from what start.py describes
#include <torch/torch.h>

#include <cstdlib>
#include <fstream>

#include "bench/steps/round.h"

namespace {

namespace nn = torch::nn;
using torch::Tensor;

struct Network : nn::Module {
  virtual Tensor forward(Tensor x) = 0;
};

struct LeNet5 : Network {
  nn::Conv2d conv1{nn::Conv2dOptions(1, 6, 5).padding(2)}, conv2{nn::Conv2dOptions(6, 16, 5)};
  nn::Linear fc1{400, 120}, fc2{120, 84}, fc3{84, 10};
  LeNet5() {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    register_module("fc3", fc3);
  }
  Tensor forward(Tensor x) override {
    x = torch::max_pool2d(torch::relu(conv1(x)), 2);
    x = torch::max_pool2d(torch::relu(conv2(x)), 2).flatten(1);
    return fc3(torch::relu(fc2(torch::relu(fc1(x)))));
  }
};

nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

struct Block : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  std::int64_t stride, pad;
  Block(std::int64_t in, std::int64_t out, std::int64_t step)
      : conv1(convolution(in, out, step)),
        conv2(convolution(out, out, 1)),
        bn1(out),
        bn2(out),
        stride(step),
        pad((out - in) / 2) {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("bn1", bn1);
    register_module("bn2", bn2);
  }
  Tensor forward(Tensor x) {
    const Tensor y = bn2(conv2(torch::relu(bn1(conv1(x)))));
    if (stride == 2) {
      using torch::indexing::Slice;
      x = x.index({Slice(), Slice(), Slice(0, torch::indexing::None, 2), Slice(0, torch::indexing::None, 2)});
      x = torch::constant_pad_nd(x, {0, 0, 0, 0, pad, pad});
    }
    return torch::relu(x + y);
  }
};

struct ResNet20 : Network {
  nn::Conv2d conv = convolution(3, 16, 1);
  nn::BatchNorm2d bn{16};
  std::vector<std::shared_ptr<Block>> blocks;
  nn::Linear fc{64, 10};
  ResNet20() {
    register_module("conv", conv);
    register_module("bn", bn);
    std::int64_t channels = 16;
    for (const std::int64_t out : {16, 32, 64}) {
      for (int i = 0; i < 3; ++i) {
        const std::int64_t stride = i == 0 && out > 16 ? 2 : 1;
        blocks.push_back(
            register_module(fmt::format("block{}", blocks.size()), std::make_shared<Block>(channels, out, stride)));
        channels = out;
      }
    }
    register_module("fc", fc);
  }
  Tensor forward(Tensor x) override {
    x = torch::relu(bn(conv(x)));
    for (const auto& block : blocks) x = block->forward(x);
    return fc(x.mean({2, 3}));
  }
};

Tensor read(std::ifstream& file, at::IntArrayRef shape) {
  Tensor values = torch::empty(shape);
  file.read(reinterpret_cast<char*>(values.data_ptr<float>()), values.numel() * 4);
  TORCH_CHECK(file.good(), "FANIN_BENCH_START ends early");
  return values;
}

void run(const std::string& model, std::int64_t batch, double seconds, bool channels_last) {
  torch::set_num_threads(1);
  std::shared_ptr<Network> network;
  if (model == "lenet5") {
    network = std::make_shared<LeNet5>();
  } else {
    network = std::make_shared<ResNet20>();
  }
  const char* start = std::getenv("FANIN_BENCH_START");
  TORCH_CHECK(start, "FANIN_BENCH_START is not set");
  std::ifstream file(start, std::ios::binary);
  std::int64_t parameters = 0;
  for (auto& item : network->named_parameters()) {
    torch::NoGradGuard no_gradient;
    Tensor& parameter = item.value();
    parameters += parameter.numel();
    if (parameter.dim() > 1) parameter.copy_(read(file, parameter.sizes()));
    if (item.key().find("bias") != std::string::npos) parameter.zero_();
    if (channels_last && parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
  Tensor x = model == "lenet5" ? read(file, {batch, 1, 28, 28}) : read(file, {batch, 3, 32, 32});
  if (channels_last) x = x.contiguous(torch::MemoryFormat::ChannelsLast);
  const Tensor y = torch::arange(batch).remainder(10);
  torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.001).momentum(0.9));
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = torch::nn::functional::cross_entropy(network->forward(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  };
  std::string losses;
  for (int i = 0; i < 4; ++i) losses += fmt::format("{}{:.6f}", i == 0 ? "" : ",", step().item<float>());
  fanin::bench::serve(fmt::format("parameters={} losses={} libtorch {}", parameters, losses, TORCH_VERSION),
                      [&] { return fmt::format("step={:.9f}", fanin::bench::median_of_round(seconds, step)); });
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    fmt::print(stderr, "usage: bench_steps_libtorch lenet5|resnet20 BATCH SECONDS nchw|channels_last\n");
    return 2;
  }
  try {
    run(arguments[1], std::atoll(arguments[2]), std::atof(arguments[3]), std::string(arguments[4]) == "channels_last");
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_steps_libtorch: {}\n", error.what());
    return 1;
  }
}
