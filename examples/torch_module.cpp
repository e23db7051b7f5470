// Fanin's weights in a libtorch module: every convolution and linear layer by he_normal, under its parameter's name.
#include <fanin/base/error.h>
#include <fanin/init/tensors.h>
#include <torch/torch.h>
#include <cstdio>

using namespace fanin;

void initialize(torch::nn::Module& network, std::uint64_t seed) {
  const torch::NoGradGuard no_gradient;
  for (auto& parameter : network.named_parameters()) {
    torch::Tensor& tensor = parameter.value();  // on the CPU, contiguous: as modules are built
    if (tensor.dim() < 2) {
      tensor.zero_();
      continue;
    }
    const Shape shape(tensor.sizes().begin(), tensor.sizes().end());
    const std::span<float> values(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
    init::FillReport report;
    init::he_normal(values, shape, {.seed = seed, .name = parameter.key(), .report = &report});
    std::printf("%s: fan_in %g, std %.4f\n", parameter.key().c_str(), report.fan_in, report.std);
  }
}

int main() {
  try {
    torch::nn::Sequential network(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 6, 5).padding(2)), torch::nn::ReLU(),
                                  torch::nn::Flatten(), torch::nn::Linear(6 * 28 * 28, 10));
    initialize(*network, 1);
    const torch::Tensor logits = network->forward(torch::ones({2, 1, 28, 28}));
    std::printf("logits of two images: %ld x %ld\n", static_cast<long>(logits.size(0)),
                static_cast<long>(logits.size(1)));
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
