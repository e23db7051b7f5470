// np.random.default_rng: SeedSequence, PCG64 (O'Neill 2014, XSL-RR) and the ziggurat.
#include <bit>
#include <cmath>
#include <utility>

#include "fanin/random/compat.h"
#include "random/compat/arguments.h"
#include "random/compat/numpy_shuffle.h"
#include "random/compat/ziggurat.h"
#include "random/wide.h"

namespace fanin::random::compat {

std::vector<std::uint32_t> seed_sequence(std::span<const std::uint32_t> entropy, std::size_t count) {
  std::uint32_t hash = 0x43B0D7E5u;
  const auto hash_mix = [&](std::uint32_t value) {
    value ^= hash;
    hash *= 0x931E8875u;
    value *= hash;
    return value ^ value >> 16;
  };
  const auto mix = [](std::uint32_t x, std::uint32_t y) {
    const std::uint32_t r = 0xCA01F9DDu * x - 0x4973F715u * y;
    return r ^ r >> 16;
  };
  std::array<std::uint32_t, 4> pool{};
  for (std::size_t i = 0; i < 4; ++i) pool[i] = hash_mix(i < entropy.size() ? entropy[i] : 0);
  for (std::size_t source = 0; source < 4; ++source)
    for (std::size_t target = 0; target < 4; ++target)
      if (source != target) pool[target] = mix(pool[target], hash_mix(pool[source]));
  for (std::size_t source = 4; source < entropy.size(); ++source)
    for (std::uint32_t& word : pool) word = mix(word, hash_mix(entropy[source]));

  std::vector<std::uint32_t> words(count);
  std::uint32_t state = 0x8B51F9DDu;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t value = pool[i % 4] ^ state;
    state *= 0x58F38DEDu;
    value *= state;
    words[i] = value ^ value >> 16;
  }
  return words;
}

NumpyGenerator::NumpyGenerator(std::uint64_t seed) {
  const std::uint32_t words[2] = {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  const auto made = seed_sequence(std::span(words, seed >> 32 != 0 ? 2 : 1), 8);
  const auto word64 = [&](std::size_t i) { return made[2 * i] | std::uint64_t{made[2 * i + 1]} << 32; };
  increment_high_ = word64(2) << 1 | word64(3) >> 63;
  increment_low_ = word64(3) << 1 | 1;
  step();  // from 0
  state_low_ += word64(1);
  state_high_ += word64(0) + (state_low_ < word64(1) ? 1 : 0);
  step();
}

/// state = state * multiplier + increment (mod 2^128)
void NumpyGenerator::step() {
  constexpr std::uint64_t multiplier_high = 0x2360ED051FC65DA4u, multiplier_low = 0x4385DF649FCCF645u;
  const Wide128 product = multiply_wide(state_low_, multiplier_low);
  const std::uint64_t high = product.high + state_high_ * multiplier_low + state_low_ * multiplier_high;
  state_low_ = product.low + increment_low_;
  state_high_ = high + increment_high_ + (state_low_ < product.low ? 1 : 0);
}

std::uint64_t NumpyGenerator::next64() {
  step();
  return std::rotr(state_high_ ^ state_low_, static_cast<int>(state_high_ >> 58));
}

/// The low half of a word first; its high half waits, whatever 64-bit draws come between.
std::uint32_t NumpyGenerator::next32() {
  if (half_) return *std::exchange(half_, std::nullopt);
  const std::uint64_t word = next64();
  half_ = static_cast<std::uint32_t>(word >> 32);
  return static_cast<std::uint32_t>(word);
}

namespace {

double unit(NumpyGenerator& generator) {
  return static_cast<double>(generator.next64() >> 11) * 0x1p-53;
}

float unit_float(NumpyGenerator& generator) {
  return static_cast<float>(generator.next32() >> 8) * 0x1p-24f;
}

}  // namespace

double NumpyGenerator::ziggurat() {
  const ZigguratTables& tables = ziggurat_tables();
  for (;;) {
    const std::uint64_t word = next64();
    const std::size_t layer = word & 255;
    const std::uint64_t draw = word >> 9 & ((std::uint64_t{1} << 52) - 1);
    const double magnitude = static_cast<double>(draw) * tables.width[layer];
    const double x = (word >> 8 & 1) != 0 ? -magnitude : magnitude;
    if (draw < tables.inside[layer]) return x;
    if (layer == 0) {
      for (;;) {
        const double xx = -ziggurat_inverse_right * std::log1p(-unit(*this));
        const double yy = -std::log1p(-unit(*this));
        if (yy + yy > xx * xx) return (draw >> 8 & 1) != 0 ? -(ziggurat_right + xx) : ziggurat_right + xx;
      }
    }
    if ((tables.height[layer - 1] - tables.height[layer]) * unit(*this) + tables.height[layer] < std::exp(-0.5 * x * x))
      return x;
  }
}

float NumpyGenerator::ziggurat_float() {
  constexpr auto right = static_cast<float>(ziggurat_right), inverse_right = static_cast<float>(ziggurat_inverse_right);
  const ZigguratTables& tables = ziggurat_tables();
  for (;;) {
    const std::uint32_t word = next32();
    const std::size_t layer = word & 255;
    const std::uint32_t draw = word >> 9;
    const float magnitude = static_cast<float>(draw) * tables.width_float[layer];
    const float x = (word >> 8 & 1) != 0 ? -magnitude : magnitude;
    if (draw < tables.inside_float[layer]) return x;
    if (layer == 0) {
      for (;;) {
        const float xx = -inverse_right * std::log1p(-unit_float(*this));
        const float yy = -std::log1p(-unit_float(*this));
        if (yy + yy > xx * xx) return (draw >> 8 & 1) != 0 ? -(right + xx) : right + xx;
      }
    }
    const float drop = tables.height_float[layer - 1] - tables.height_float[layer];
    const double wide = x;  // the density is computed in double
    if (drop * unit_float(*this) + tables.height_float[layer] < std::exp(-0.5 * wide * wide)) return x;
  }
}

void NumpyGenerator::random(std::span<double> out) {
  for (double& value : out) value = unit(*this);
}

void NumpyGenerator::random(std::span<float> out) {
  for (float& value : out) value = unit_float(*this);
}

void NumpyGenerator::standard_normal(std::span<double> out) {
  for (double& value : out) value = ziggurat();
}

void NumpyGenerator::standard_normal(std::span<float> out) {
  for (float& value : out) value = ziggurat_float();
}

void NumpyGenerator::uniform(std::span<double> out, double low, double high) {
  check_uniform(low, high);
  for (double& value : out) value = low + (high - low) * unit(*this);
}

void NumpyGenerator::uniform(std::span<float> out, double low, double high) {
  check_uniform(low, high);
  for (float& value : out) value = static_cast<float>(low + (high - low) * unit(*this));
}

void NumpyGenerator::normal(std::span<double> out, double mean, double std) {
  check_normal(mean, std);
  for (double& value : out) value = mean + std * ziggurat();
}

void NumpyGenerator::normal(std::span<float> out, double mean, double std) {
  check_normal(mean, std);
  for (float& value : out) value = static_cast<float>(mean + std * ziggurat());
}

void NumpyGenerator::truncated_normal(std::span<float>, double, double, double, double) {
  throw Error("NumPy has no truncated normal; use the stream torch, jax or Fanin's own");
}

void NumpyGenerator::truncated_normal(std::span<double>, double, double, double, double) {
  truncated_normal(std::span<float>(), 0, 0, 0, 0);
}

namespace {

/// factor * value + offset in float32, an operation at a time as NumPy's.
void scale(std::span<float> values, double factor, double offset) {
  for (float& value : values) value *= static_cast<float>(factor);
  if (offset == 0) return;
  for (float& value : values) value += static_cast<float>(offset);
}

[[noreturn]] void refuse_float64() {
  throw Error("the stream numpy_generator_float32 draws float32; for float64 use numpy_generator");
}

}  // namespace

void NumpyGeneratorFloat::uniform(std::span<float> out, double low, double high) {
  check_uniform(low, high);
  generator_.random(out);
  scale(out, high - low, low);
}

void NumpyGeneratorFloat::normal(std::span<float> out, double mean, double std) {
  check_normal(mean, std);
  generator_.standard_normal(out);
  scale(out, std, mean);
}

void NumpyGeneratorFloat::uniform(std::span<double>, double, double) {
  refuse_float64();
}

void NumpyGeneratorFloat::normal(std::span<double>, double, double) {
  refuse_float64();
}

void NumpyGeneratorFloat::truncated_normal(std::span<float> out, double mean, double std, double low, double high) {
  generator_.truncated_normal(out, mean, std, low, high);
}

void NumpyGeneratorFloat::truncated_normal(std::span<double>, double, double, double, double) {
  refuse_float64();
}

std::vector<std::int64_t> NumpyGenerator::permutation(std::int64_t n) {
  return numpy_permutation(n, [this] { return next32(); });
}

}  // namespace fanin::random::compat
