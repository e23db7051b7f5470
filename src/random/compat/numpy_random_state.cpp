// NumPy's legacy stream (np.random.seed, RandomState), frozen since 1.16.
#include <cmath>
#include <utility>

#include "fanin/random/compat.h"
#include "random/compat/arguments.h"
#include "random/compat/numpy_shuffle.h"

namespace fanin::random::compat {

NumpyRandomState::NumpyRandomState(std::uint32_t seed) : engine_(seed) {}
NumpyRandomState::NumpyRandomState(std::span<const std::uint32_t> seed) : engine_(Mt19937::from_array(seed)) {}

/// [0, 1) with 53 bits, the first word's above the second's.
double NumpyRandomState::random_sample() {
  const std::uint32_t high = engine_.next() >> 5, low = engine_.next() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

/// Marsaglia's polar method; the second of a pair is kept for the next call.
double NumpyRandomState::randn() {
  if (spare_) return *std::exchange(spare_, std::nullopt);
  double x1 = 0, x2 = 0, r2 = 0;
  do {
    x1 = 2.0 * random_sample() - 1.0;
    x2 = 2.0 * random_sample() - 1.0;
    r2 = x1 * x1 + x2 * x2;
  } while (r2 >= 1.0 || r2 == 0.0);
  const double factor = std::sqrt(-2.0 * std::log(r2) / r2);
  spare_ = factor * x1;
  return factor * x2;
}

void NumpyRandomState::uniform(std::span<double> out, double low, double high) {
  check_uniform(low, high);
  for (double& value : out) value = low + (high - low) * random_sample();
}

void NumpyRandomState::uniform(std::span<float> out, double low, double high) {
  check_uniform(low, high);
  for (float& value : out) value = static_cast<float>(low + (high - low) * random_sample());
}

void NumpyRandomState::normal(std::span<double> out, double mean, double std) {
  check_normal(mean, std);
  for (double& value : out) value = mean + std * randn();
}

void NumpyRandomState::normal(std::span<float> out, double mean, double std) {
  check_normal(mean, std);
  for (float& value : out) value = static_cast<float>(mean + std * randn());
}

void NumpyRandomState::truncated_normal(std::span<float>, double, double, double, double) {
  throw Error("NumPy has no truncated normal; use the stream torch, jax or Fanin's own");
}

void NumpyRandomState::truncated_normal(std::span<double>, double, double, double, double) {
  truncated_normal(std::span<float>(), 0, 0, 0, 0);
}

std::vector<std::int64_t> NumpyRandomState::permutation(std::int64_t n) {
  return numpy_permutation(n, [this] { return engine_.next(); });
}

}  // namespace fanin::random::compat
