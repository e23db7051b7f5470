// PyTorch's CPU generator: uniform_, normal_, nn.init.trunc_normal_ and randperm.
//
// Sources: ATen's CPUGeneratorImpl, DistributionTemplates.h and torch/nn/init.py of 2.12 to 2.15, by behaviour.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <type_traits>
#include <utility>

#include "fanin/random/compat.h"
#include "random/compat/arguments.h"
#include "random/compat/torch_block.h"

namespace fanin::random::compat {
namespace {

constexpr std::size_t block_size = 16;
constexpr double two_pi = 2.0 * std::numbers::pi;

/// What a tensor's values are computed in: 16-bit tensors in float.
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class T>
T narrow(Compute<T> value) {
  if constexpr (std::is_same_v<T, bfloat16>)
    return to_bfloat16(value);
  else if constexpr (std::is_same_v<T, half>)
    return to_half(value);
  else
    return value;
}

void normal_block(float* x, float mean, float std) {
  torch_normal_block(x, mean, std);
}

void normal_block(double* x, double mean, double std) {
  for (std::size_t j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - x[j])), angle = two_pi * x[j + 8];
    x[j] = std::fma(radius * std::cos(angle), std, mean);
    x[j + 8] = std::fma(radius * std::sin(angle), std, mean);
  }
}

/// P(Z <= x), as torch/nn/init.py computes it.
double normal_cdf(double x) {
  return (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0;
}

}  // namespace

TorchStream::TorchStream(std::uint64_t seed) : engine_(static_cast<std::uint32_t>(seed)) {}

/// [0, 1): the low 24 bits of one word, or the low 53 bits of two, the first being the high half.
template <class T>
T TorchStream::unit() {
  if constexpr (std::is_same_v<T, double>) {
    const std::uint64_t high = engine_.next();
    const std::uint64_t word = high << 32 | engine_.next();
    return static_cast<double>(word & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
  } else {
    return static_cast<float>(engine_.next() & 0xFFFFFFu) * 0x1p-24f;
  }
}

/// The standard normal of tensors below 16 elements, in double whatever the tensor's type.
double TorchStream::small_normal() {
  if (spare_) return *std::exchange(spare_, std::nullopt);
  const double u1 = unit<double>(), u2 = unit<double>();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2)), angle = two_pi * u1;
  spare_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

template <class T>
void TorchStream::fill_uniform(std::span<T> out, double low, double high) {
  check_uniform(low, high);
  const auto from = static_cast<Compute<T>>(low), to = static_cast<Compute<T>>(high);
  const Compute<T> width = to - from;
  const T first = narrow<T>(from), end = narrow<T>(to);
  for (T& value : out) {
    value = narrow<T>(std::fma(unit<Compute<T>>(), width, from));
    if (value == end) value = first;
  }
}

template <class T>
void TorchStream::fill_normal(std::span<T> out, double mean, double std) {
  check_normal(mean, std);
  const auto m = static_cast<Compute<T>>(mean), s = static_cast<Compute<T>>(std);
  if (out.size() < block_size) {
    for (T& value : out) {
      const double drawn = std::fma(small_normal(), std, mean);
      value = narrow<T>(static_cast<Compute<T>>(drawn));
    }
    return;
  }
  Compute<T> block[block_size];
  const auto transform = [&](std::size_t start) {
    normal_block(block, m, s);
    std::transform(block, block + block_size, out.begin() + static_cast<std::ptrdiff_t>(start), narrow<T>);
  };
  const auto draw = [&](std::size_t count) { std::generate_n(block, count, [&] { return unit<Compute<T>>(); }); };
  const std::size_t whole = out.size() / block_size * block_size;
  for (std::size_t start = 0; start < whole; start += block_size) {
    draw(block_size);
    transform(start);
  }
  if (whole == out.size()) return;
  // A cut last block: float32 and float64 first fill the tensor with uniforms, so the tail's are drawn and thrown away.
  if constexpr (std::is_same_v<T, Compute<T>>) draw(out.size() - whole);
  draw(block_size);
  transform(out.size() - block_size);
}

template <class T>
void TorchStream::fill_truncated(std::span<T> out, double mean, double std, double low, double high) {
  check_truncated(mean, std, low, high);
  std::vector<T> again(out.size());
  const double inside = normal_cdf((high - mean) / std) - normal_cdf((low - mean) / std);
  if (inside > 0.3) {
    const auto least = static_cast<T>(low), most = static_cast<T>(high);
    const auto outside = [&](T value) { return value < least || value > most; };
    fill_normal(out, mean, std);
    while (std::any_of(out.begin(), out.end(), outside)) {
      fill_normal(std::span<T>(again), mean, std);  // the whole tensor, to replace a few
      for (std::size_t i = 0; i < out.size(); ++i)
        if (outside(out[i])) out[i] = again[i];
    }
    return;
  }
  const double mode = std::clamp(mean, low, high), peak = (mode - mean) / std, log_peak = -0.5 * (peak * peak);
  // From the nearer tail, because `inside` cancels far out.
  const double a = (low - mean) / std, b = (high - mean) / std, near = a > 0 ? a : -b, far = a > 0 ? b : -a;
  const double probability = 0.5 * (std::erfc(near / std::numbers::sqrt2) - std::erfc(far / std::numbers::sqrt2));
  const double accepted = probability * std * std::sqrt(two_pi) * std::exp(-log_peak) / (high - low);
  if (!(accepted > 1e-4))
    throw Error(
        fmt::format("PyTorch's trunc_normal_ would reject nearly every draw for mean {}, std {} and [{}, {}]; "
                    "expected an interval that holds more of the normal",
                    mean, std, low, high));
  std::vector<T> chances(out.size());
  std::vector<bool> pending(out.size(), true);
  for (bool any = true; any;) {
    fill_uniform(std::span<T>(again), low, high);
    fill_uniform(std::span<T>(chances), 0, 1);
    any = false;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!pending[i]) continue;
      out[i] = again[i];
      const T z = (again[i] - static_cast<T>(mean)) / static_cast<T>(std);
      const T log_density = z * z * static_cast<T>(-0.5) - static_cast<T>(log_peak);
      pending[i] = std::log(chances[i]) > log_density;
      any = any || pending[i];
    }
  }
}

void TorchStream::uniform(std::span<float> out, double low, double high) {
  fill_uniform(out, low, high);
}
void TorchStream::uniform(std::span<double> out, double low, double high) {
  fill_uniform(out, low, high);
}
void TorchStream::uniform(std::span<bfloat16> out, double low, double high) {
  fill_uniform(out, low, high);
}
void TorchStream::uniform(std::span<half> out, double low, double high) {
  fill_uniform(out, low, high);
}
void TorchStream::normal(std::span<float> out, double mean, double std) {
  fill_normal(out, mean, std);
}
void TorchStream::normal(std::span<double> out, double mean, double std) {
  fill_normal(out, mean, std);
}
void TorchStream::normal(std::span<bfloat16> out, double mean, double std) {
  fill_normal(out, mean, std);
}
void TorchStream::normal(std::span<half> out, double mean, double std) {
  fill_normal(out, mean, std);
}
void TorchStream::truncated_normal(std::span<float> out, double mean, double std, double low, double high) {
  fill_truncated(out, mean, std, low, high);
}
void TorchStream::truncated_normal(std::span<double> out, double mean, double std, double low, double high) {
  fill_truncated(out, mean, std, low, high);
}

std::vector<std::int64_t> TorchStream::permutation(std::int64_t n) {
  constexpr std::int64_t limit = 214748364;  // from here on PyTorch uses another algorithm
  if (n < 0 || n >= limit)
    throw Error(fmt::format("a permutation in PyTorch's order needs 0 <= n < {}, not {}", limit, n));
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = 0; i + 1 < order.size(); ++i)
    std::swap(order[i], order[i + engine_.next() % (order.size() - i)]);
  return order;
}

}  // namespace fanin::random::compat
