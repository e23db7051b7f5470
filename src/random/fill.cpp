// The fills of tensors: ranges cut into threads' pieces and tiles, and the types that go through a buffer of floats.
#include <algorithm>
#include <cmath>
#include <limits>

#include "fanin/random/stream.h"
#include "random/plan.h"
#include "random/simd/narrow.h"
#include "random/threads.h"
#include "random/tiles.h"

namespace fanin::random {
namespace {

/// Whole tiles go straight to `out`; the cut ones at both ends through a buffer. Kernel: (T* out, const Tiles&).
template <class T, class Kernel>
void fill_piece(std::span<T> out, const Stream& stream, std::uint64_t first, const Kernel& kernel) {
  constexpr std::size_t size = tile_elements<T>;
  std::uint64_t tile = first / size;
  std::size_t skip = static_cast<std::size_t>(first % size);
  while (!out.empty()) {
    const std::size_t whole = skip == 0 ? out.size() / size : 0;
    if (whole > 0) {
      kernel(out.data(), Tiles{stream, tile, whole});
      out = out.subspan(whole * size);
      tile += whole;
    } else {
      T buffer[size];
      kernel(buffer, Tiles{stream, tile, 1});
      const std::size_t count = std::min(size - skip, out.size());
      std::copy_n(buffer + skip, count, out.data());
      out = out.subspan(count);
      ++tile;
      skip = 0;
    }
  }
}

/// As fill_piece, on as many threads as FillThreads allows.
template <class T, class Kernel>
void fill_range(std::span<T> out, const Stream& stream, std::uint64_t first, const Kernel& kernel) {
  const std::size_t cut = static_cast<std::size_t>(first % tile_elements<T>);
  const std::size_t lead = cut == 0 ? 0 : tile_elements<T> - cut;
  in_pieces(out.size(), lead, [&](std::size_t begin, std::size_t end) {
    fill_piece(out.subspan(begin, end - begin), stream, first + begin, kernel);
  });
}

constexpr std::size_t chunk_size = 2048;  // of floats or words on the way to another type: 8 KiB stay in the cache

/// Values of another type made of chunks of From. Kernel as above; store(From* chunk, To* out, count).
template <class From, class To, class Kernel, class Store>
void fill_through(std::span<To> out, const Stream& stream, std::uint64_t first, const Kernel& kernel,
                  const Store& store) {
  in_pieces(out.size(), 0, [&](std::size_t begin, std::size_t end) {
    From chunk[chunk_size];
    for (std::size_t i = begin; i < end;) {
      // To the end of a tile, so that later chunks are whole tiles.
      const std::size_t cut = static_cast<std::size_t>((first + i) % tile_size);
      const std::size_t count = std::min(chunk_size - cut, end - i);
      fill_piece(std::span<From>(chunk, count), stream, first + i, kernel);
      store(chunk, out.data() + i, count);
      i += count;
    }
  });
}

template <class Short, class Kernel>
void fill_short(std::span<Short> out, const Stream& stream, std::uint64_t first, const Kernel& kernel) {
  fill_through<float>(out, stream, first, kernel,
                      [](const float* chunk, Short* to, std::size_t count) { simd::narrow(chunk, to, count); });
}

bfloat16 to_short(float value, bfloat16) {
  return to_bfloat16(value);
}
half to_short(float value, half) {
  return to_half(value);
}

/// The nearest value of the 16-bit type.
template <class Short>
float rounded(float value) {
  return to_float(to_short(value, Short{}));
}

/// The largest value of the 16-bit type below one of its values.
template <class Short>
float before(float value) {
  const Short rounded = to_short(value, Short{});
  const bool negative = (rounded.bits & 0x8000u) != 0;
  if ((rounded.bits & 0x7FFFu) == 0) return to_float(Short{0x8001u});  // below zero: the first denormal
  return to_float(Short{static_cast<std::uint16_t>(rounded.bits + (negative ? 1 : -1))});
}

auto uniform_kernel(const UniformPlan& plan) {
  return [plan](float* tile, const Tiles& tiles) { simd::uniform(tile, tiles, plan); };
}

auto normal_kernel(float mean, float std) {
  return [mean, std](float* tile, const Tiles& tiles) { simd::normal(tile, tiles, mean, std); };
}

auto truncated_kernel(const TruncatedPlan& plan) {
  return [plan](float* tile, const Tiles& tiles) { simd::truncated(tile, tiles, plan); };
}

template <class Short>
void uniform_short(std::span<Short> out, const Stream& stream, float low, float high, std::uint64_t first) {
  const float from = rounded<Short>(low), to = rounded<Short>(high);
  fill_short(out, stream, first, uniform_kernel(plan_uniform(from, to, before<Short>(to))));
}

template <class T>
void sign_values(std::span<T> out, const Stream& stream, T plus, T minus, std::uint64_t first) {
  fill_through<std::uint32_t>(out, stream, first, simd::bits,
                              [=](const std::uint32_t* words, T* to, std::size_t count) {
                                for (std::size_t i = 0; i < count; ++i) to[i] = words[i] >> 31 != 0 ? minus : plus;
                              });
}

}  // namespace

void fill_bits(std::span<std::uint32_t> out, const Stream& stream, std::uint64_t first) {
  fill_range(out, stream, first, simd::bits);
}

void fill_uniform(std::span<float> out, const Stream& stream, float low, float high, std::uint64_t first) {
  const float last = std::nextafter(high, -std::numeric_limits<float>::infinity());
  fill_range(out, stream, first, uniform_kernel(plan_uniform(low, high, last)));
}

void fill_uniform(std::span<double> out, const Stream& stream, double low, double high, std::uint64_t first) {
  const UniformPlanDouble plan = plan_uniform(low, high);
  fill_range(out, stream, first, [&](double* tile, const Tiles& tiles) { simd::uniform(tile, tiles, plan); });
}

void fill_uniform(std::span<bfloat16> out, const Stream& stream, float low, float high, std::uint64_t first) {
  uniform_short(out, stream, low, high, first);
}

void fill_uniform(std::span<half> out, const Stream& stream, float low, float high, std::uint64_t first) {
  uniform_short(out, stream, low, high, first);
}

void fill_normal(std::span<float> out, const Stream& stream, float mean, float std, std::uint64_t first) {
  fill_range(out, stream, first, normal_kernel(mean, std));
}

void fill_normal(std::span<double> out, const Stream& stream, double mean, double std, std::uint64_t first) {
  fill_range(out, stream, first, [&](double* tile, const Tiles& tiles) { simd::normal(tile, tiles, mean, std); });
}

void fill_normal(std::span<bfloat16> out, const Stream& stream, float mean, float std, std::uint64_t first) {
  fill_short(out, stream, first, normal_kernel(mean, std));
}

void fill_normal(std::span<half> out, const Stream& stream, float mean, float std, std::uint64_t first) {
  fill_short(out, stream, first, normal_kernel(mean, std));
}

void fill_truncated_normal(std::span<float> out, const Stream& stream, float mean, float std, float low, float high,
                           std::uint64_t first) {
  fill_range(out, stream, first, truncated_kernel(plan_truncated(mean, std, low, high)));
}

void fill_truncated_normal(std::span<double> out, const Stream& stream, double mean, double std, double low,
                           double high, std::uint64_t first) {
  const TruncatedPlanDouble plan = plan_truncated(mean, std, low, high);
  fill_range(out, stream, first, [&](double* tile, const Tiles& tiles) { simd::truncated(tile, tiles, plan); });
}

void fill_truncated_normal(std::span<bfloat16> out, const Stream& stream, float mean, float std, float low, float high,
                           std::uint64_t first) {
  fill_short(out, stream, first, truncated_kernel(plan_truncated(mean, std, low, high)));
}

void fill_truncated_normal(std::span<half> out, const Stream& stream, float mean, float std, float low, float high,
                           std::uint64_t first) {
  fill_short(out, stream, first, truncated_kernel(plan_truncated(mean, std, low, high)));
}

void fill_sign(std::span<float> out, const Stream& stream, float magnitude, std::uint64_t first) {
  sign_values(out, stream, magnitude, -magnitude, first);
}

void fill_sign(std::span<double> out, const Stream& stream, double magnitude, std::uint64_t first) {
  sign_values(out, stream, magnitude, -magnitude, first);
}

void fill_sign(std::span<bfloat16> out, const Stream& stream, float magnitude, std::uint64_t first) {
  sign_values(out, stream, to_bfloat16(magnitude), to_bfloat16(-magnitude), first);
}

void fill_sign(std::span<half> out, const Stream& stream, float magnitude, std::uint64_t first) {
  sign_values(out, stream, to_half(magnitude), to_half(-magnitude), first);
}

}  // namespace fanin::random
