// Weights in memory of one's own: a buffer, a shard of it, other element types; no network is needed.
#include <fanin/base/error.h>
#include <fanin/init/tensors.h>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace fanin;

int main() {
  try {
    const Shape shape = {64, 32, 3, 3};
    std::vector<float> weight(static_cast<std::size_t>(element_count(shape)));
    init::FillReport report;
    init::he_normal(std::span(weight), shape, {.seed = 1, .name = "conv1.weight", .threads = 2, .report = &report});
    std::printf("conv1.weight: fan_in %g, %s, has mean %.5f and std %.5f\n", report.fan_in, report.law.c_str(),
                report.mean, report.std);

    // The second half by itself, as another machine would draw it: the same bits.
    std::vector<float> half_of_it(weight.size() / 2);
    init::he_normal(std::span(half_of_it), shape, {.seed = 1, .name = "conv1.weight", .first = weight.size() / 2});
    const bool same = std::memcmp(half_of_it.data(), weight.data() + weight.size() / 2, half_of_it.size() * 4) == 0;
    std::printf("the shard has the whole tensor's bits: %s\n", same ? "yes" : "no");

    // 16 bits, written directly; any scheme by its text; a transposed convolution of stride 2 with its true fans.
    std::vector<bfloat16> small(weight.size());
    init::fill_tensor(std::span(small), {32, 64, 3, 3}, "xavier_uniform:gain=1.5",
                      {.seed = 1, .name = "up.weight", .stride = {2}, .transposed = true, .report = &report});
    std::printf("up.weight: fan_in %g, fan_out %g, %s\n", report.fan_in, report.fan_out, report.law.c_str());

    init::normal(std::span(weight), shape, 0, -1);  // a mistake is a sentence
  } catch (const Error& error) {
    std::printf("refused: %s\n", error.what());
  }
}
