// JAX's threefry streams on the CPU, in 32-bit mode with jax_threefry_partitionable.
//
// Element i of a draw depends on the key and i alone: out0 ^ out1 of threefry(key; high word of i, low word of i).
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "fanin/random/compat.h"
#include "random/compat/arguments.h"
#include "random/compat/jax_erfinv.h"

namespace fanin::random::compat {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto sqrt2 = static_cast<float>(std::numbers::sqrt2);

std::array<std::uint32_t, 2> block_of(JaxKey key, std::uint64_t index) {
  return threefry2x32(key, {static_cast<std::uint32_t>(index >> 32), static_cast<std::uint32_t>(index)});
}

/// [0, 1) with 23 bits.
float unit(JaxKey key, std::uint64_t index) {
  const auto words = block_of(key, index);
  return std::bit_cast<float>((words[0] ^ words[1]) >> 9 | 0x3F800000u) - 1.0f;
}

float uniform_value(JaxKey key, std::uint64_t index, float low, float width) {
  return std::max(low, std::fma(unit(key, index), width, low));
}

/// erf rounded to float: XLA's own is not written out here, so a truncation's bound may differ in the last bit.
float erf_of(float x) {
  return static_cast<float>(std::erf(static_cast<double>(x)));
}

[[noreturn]] void refuse_double() {
  throw Error("the stream jax draws float32 alone, as JAX does without jax_enable_x64; use --dtype float32");
}

}  // namespace

std::array<std::uint32_t, 2> threefry2x32(JaxKey key, std::array<std::uint32_t, 2> counter) {
  constexpr int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  const std::uint32_t schedule[3] = {key.first, key.second, key.first ^ key.second ^ 0x1BD11BDAu};
  std::uint32_t x0 = counter[0] + schedule[0], x1 = counter[1] + schedule[1];
  for (std::uint32_t i = 0; i < 5; ++i) {
    for (const int rotation : rotations[i % 2]) {
      x0 += x1;
      x1 = std::rotl(x1, rotation) ^ x0;
    }
    x0 += schedule[(i + 1) % 3];
    x1 += schedule[(i + 2) % 3] + i + 1;
  }
  return {x0, x1};
}

JaxKey jax_key(std::uint64_t seed) {
  return {0, static_cast<std::uint32_t>(seed)};
}

JaxKey jax_fold_in(JaxKey key, std::uint32_t data) {
  const auto words = threefry2x32(key, {0, data});
  return {words[0], words[1]};
}

std::vector<JaxKey> jax_split(JaxKey key, std::size_t count) {
  std::vector<JaxKey> keys(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto words = block_of(key, i);
    keys[i] = {words[0], words[1]};
  }
  return keys;
}

void jax_bits(std::span<std::uint32_t> out, JaxKey key) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto words = block_of(key, i);
    out[i] = words[0] ^ words[1];
  }
}

void jax_uniform(std::span<float> out, JaxKey key, float low, float high) {
  check_uniform(low, high);
  const float width = high - low;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = uniform_value(key, i, low, width);
}

void jax_normal(std::span<float> out, JaxKey key) {
  const float low = std::nextafter(-1.0f, 0.0f), width = 1.0f - low;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = sqrt2 * jax_erfinv(uniform_value(key, i, low, width));
}

void jax_truncated_normal(std::span<float> out, JaxKey key, float lower, float upper) {
  if (!(lower < upper)) throw Error(fmt::format("a truncated normal needs low < high, not [{}, {}]", lower, upper));
  const float low = erf_of(lower / sqrt2), width = erf_of(upper / sqrt2) - low;
  const float least = std::nextafter(lower, infinity), most = std::nextafter(upper, -infinity);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = std::clamp(sqrt2 * jax_erfinv(uniform_value(key, i, low, width)), least, most);
}

void jax_variance_scaling(std::span<float> out, JaxKey key, double scale_over_fan, JaxDistribution distribution) {
  if (!(scale_over_fan >= 0) || !std::isfinite(scale_over_fan))
    throw Error(fmt::format("variance scaling needs a finite variance of 0 or more, not {}", scale_over_fan));
  const auto variance = static_cast<float>(scale_over_fan);
  float factor = std::sqrt(variance);
  switch (distribution) {
    case JaxDistribution::truncated_normal:
      jax_truncated_normal(out, key, -2, 2);
      factor /= static_cast<float>(0.87962566103423978);  // the standard deviation of N(0, 1) cut at 2
      break;
    case JaxDistribution::normal:
      jax_normal(out, key);
      break;
    case JaxDistribution::uniform:
      jax_uniform(out, key, -1, 1);
      factor = std::sqrt(3.0f * variance);
      break;
  }
  for (float& value : out) value *= factor;
}

JaxStream::JaxStream(std::uint64_t seed) : key_(jax_key(seed)) {}

JaxKey JaxStream::next_key() {
  return jax_fold_in(key_, count_++);
}

void JaxStream::uniform(std::span<float> out, double low, double high) {
  check_uniform(low, high);
  jax_uniform(out, next_key(), static_cast<float>(low), static_cast<float>(high));
}

void JaxStream::normal(std::span<float> out, double mean, double std) {
  check_normal(mean, std);
  jax_normal(out, next_key());
  const auto m = static_cast<float>(mean), s = static_cast<float>(std);
  for (float& value : out) value = value * s + m;
}

void JaxStream::truncated_normal(std::span<float> out, double mean, double std, double low, double high) {
  check_truncated(mean, std, low, high);
  jax_truncated_normal(out, next_key(), static_cast<float>((low - mean) / std),
                       static_cast<float>((high - mean) / std));
  const auto m = static_cast<float>(mean), s = static_cast<float>(std);
  for (float& value : out) value = value * s + m;
}

bool JaxStream::scaled(std::span<float> out, double variance, ScaledKind kind) {
  const JaxDistribution distribution = kind == ScaledKind::uniform  ? JaxDistribution::uniform
                                       : kind == ScaledKind::normal ? JaxDistribution::normal
                                                                    : JaxDistribution::truncated_normal;
  jax_variance_scaling(out, next_key(), variance, distribution);
  return true;
}

void JaxStream::uniform(std::span<double>, double, double) {
  refuse_double();
}
void JaxStream::normal(std::span<double>, double, double) {
  refuse_double();
}
void JaxStream::truncated_normal(std::span<double>, double, double, double, double) {
  refuse_double();
}

}  // namespace fanin::random::compat
