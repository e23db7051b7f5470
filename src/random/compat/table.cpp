// THE table of foreign streams.
#include <string>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"
#include "fanin/random/compat.h"

#include <fmt/format.h>

namespace fanin::random::compat {
namespace {

struct Row {
  StreamInfo info;
  std::unique_ptr<ForeignStream> (*make)(std::uint64_t seed);
};

std::unique_ptr<ForeignStream> make_random_state(std::uint64_t seed) {
  if (seed > 0xFFFFFFFFu)
    throw Error(
        fmt::format("the stream numpy needs a seed from 0 to 4294967295, as np.random.seed does, not {}", seed));
  return std::make_unique<NumpyRandomState>(static_cast<std::uint32_t>(seed));
}

const Row rows[] = {
    {{"torch", "PyTorch's CPU generator after torch.manual_seed(seed)",
      "Tensor.uniform_, Tensor.normal_, nn.init.trunc_normal_ (of 2.12 and later)"},
     [](std::uint64_t seed) -> std::unique_ptr<ForeignStream> { return std::make_unique<TorchStream>(seed); }},
    {{"numpy", "NumPy's legacy stream after np.random.seed(seed)",
      "np.random.uniform, np.random.normal and randn; float32 by rounding float64"},
     make_random_state},
    {{"numpy_generator", "NumPy's np.random.default_rng(seed)",
      "rng.uniform and rng.normal; float32 by rounding float64"},
     [](std::uint64_t seed) -> std::unique_ptr<ForeignStream> { return std::make_unique<NumpyGenerator>(seed); }},
    {{"numpy_generator_float32", "the same generator by its float32 draws",
      "rng.standard_normal(dtype=np.float32) * np.float32(std), rng.random likewise"},
     [](std::uint64_t seed) -> std::unique_ptr<ForeignStream> { return std::make_unique<NumpyGeneratorFloat>(seed); }},
    {{"jax", "JAX's threefry keys, the k-th draw with fold_in(key(seed), k)",
      "jax.random.uniform, normal and truncated_normal in float32, outside jit"},
     [](std::uint64_t seed) -> std::unique_ptr<ForeignStream> { return std::make_unique<JaxStream>(seed); }},
};

}  // namespace

std::span<const StreamInfo> stream_table() {
  static const std::vector<StreamInfo> infos = [] {
    std::vector<StreamInfo> made;
    for (const Row& row : rows) made.push_back(row.info);
    return made;
  }();
  return infos;
}

std::unique_ptr<ForeignStream> make_foreign_stream(std::string_view name, std::uint64_t seed) {
  std::vector<std::string> names;
  for (const Row& row : rows) {
    if (row.info.name == name) return row.make(seed);
    names.emplace_back(row.info.name);
  }
  throw Error(unknown_name_message("stream", name, names));
}

}  // namespace fanin::random::compat
