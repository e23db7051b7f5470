// The kernels behind pooled_conv.h, compiled once for each instruction set; the comments count registers.
#include "engine/kernels/pooled_conv.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/pooled_conv.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

std::int64_t pooled_conv_lanes() {
  return static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
}

#if HWY_TARGET <= HWY_AVX2

constexpr std::int64_t kernel = pooled_conv_kernel, taps = kernel * kernel;
// AVX-512 names 32 vector registers, AVX2 16.
constexpr bool many_registers = HWY_TARGET <= HWY_AVX3;
using Eight = hn::CappedTag<float, 8>;  // a pixel's channels, or the start of a row

/// The image with its padding, a pixel being one float or eight; rows follow each other, and eight floats more. Returns
/// x itself where it is that already.
const float* padded_image(const PooledConvGeometry& g, const float* x, std::int64_t image, float* scratch) {
  const std::int64_t size = g.in_h * g.in_w, w = g.padded_w(), pixel = g.pixel();
  const bool padding = g.padded_h() != g.in_h || w != g.in_w;
  if (g.in_block == 8 && !padding) return x + image * size * 8;
  std::memset(scratch, 0, static_cast<std::size_t>(g.padded_h() * w * pixel + 8) * sizeof(float));
  for (std::int64_t row = 0; row < g.in_h; ++row) {
    float* to = scratch + ((row + g.pad_top) * w + g.pad_left) * pixel;
    if (g.in_block == pixel) {
      std::memcpy(to, x + (image * size + row * g.in_w) * pixel,
                  static_cast<std::size_t>(g.in_w * pixel) * sizeof(float));
      continue;
    }
    for (std::int64_t c = 0; c < g.in_c; ++c) {
      const float* from = x + (image * g.in_c + c) * size + row * g.in_w;
      for (std::int64_t i = 0; i < g.in_w; ++i) to[i * 8 + c] = from[i];
    }
  }
  return scratch;
}

/// P pooled columns of one pooled row: 4 P sums (two rows, 2 P columns), each a vector of output channels, and a vector
/// of weights, which are (tap, in_c, block). The taps' places come from a table: where the compiler knows that a tap's
/// pixels are the next one's too, it keeps them, and there are no registers for that.
template <int pixel, int P, class D>
HWY_INLINE HWY_ATTR void pooled_tile(D d, const PooledConvGeometry& g, const float* x, const std::int64_t* tap_at,
                                     std::int64_t start, const float* weights, hn::Vec<D> bias, float* y,
                                     std::int32_t* winner) {
  const std::int64_t row = g.padded_w() * pixel, channels = pixel == 1 ? 1 : g.in_c;
  hn::Vec<D> top[2 * P], low[2 * P];
#pragma GCC unroll 16
  for (int i = 0; i < 2 * P; ++i) top[i] = low[i] = bias;
  const float* corner = x + start * pixel;
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    const float* from = corner + tap_at[tap];
    for (std::int64_t c = 0; c < channels; ++c, weights += g.block) {
      const auto w = hn::LoadU(d, weights);
#pragma GCC unroll 16
      for (int i = 0; i < 2 * P; ++i) {
        top[i] = hn::MulAdd(hn::Set(d, from[i * pixel + c]), w, top[i]);
        low[i] = hn::MulAdd(hn::Set(d, from[row + i * pixel + c]), w, low[i]);
      }
    }
  }
  const hn::RebindToSigned<D> di;
  const auto zero = hn::Zero(d);
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
    const auto at = static_cast<std::int32_t>(start + 2 * p), below = static_cast<std::int32_t>(at + g.padded_w());
    auto best = top[2 * p];
    auto place = hn::Set(di, at);
    const auto compare = [&](hn::Vec<D> v, std::int32_t here) HWY_ATTR {
      const auto wins = hn::Or(hn::Gt(v, best), hn::IsNaN(v));
      best = hn::IfThenElse(wins, v, best);
      place = hn::IfThenElse(hn::RebindMask(di, wins), hn::Set(di, here), place);
    };
    compare(top[2 * p + 1], at + 1);
    compare(low[2 * p], below);
    compare(low[2 * p + 1], below + 1);
    const auto off = hn::Le(best, zero);
    hn::StoreU(hn::IfThenElse(off, zero, best), d, y + p * g.block);
    if (winner) {
      hn::StoreU(hn::IfThenElse(hn::RebindMask(di, off), hn::Set(di, -1), place), di, winner + p * g.block);
    }
  }
}

template <int pixel, class D>
HWY_INLINE HWY_ATTR void pooled_tile_of(int columns, D d, const PooledConvGeometry& g, const float* x,
                                        const std::int64_t* tap_at, std::int64_t start, const float* weights,
                                        hn::Vec<D> bias, float* y, std::int32_t* winner) {
  switch (columns) {
    case 1:
      return pooled_tile<pixel, 1>(d, g, x, tap_at, start, weights, bias, y, winner);
    case 2:
      return pooled_tile<pixel, 2>(d, g, x, tap_at, start, weights, bias, y, winner);
    case 3:
      return pooled_tile<pixel, 3>(d, g, x, tap_at, start, weights, bias, y, winner);
    default:
      break;
  }
  if constexpr (many_registers) {
    switch (columns) {
      case 4:
        return pooled_tile<pixel, 4>(d, g, x, tap_at, start, weights, bias, y, winner);
      case 5:
        return pooled_tile<pixel, 5>(d, g, x, tap_at, start, weights, bias, y, winner);
      case 6:
        return pooled_tile<pixel, 6>(d, g, x, tap_at, start, weights, bias, y, winner);
      default:
        return pooled_tile<pixel, 7>(d, g, x, tap_at, start, weights, bias, y, winner);
    }
  }
}

/// The rows of a pooled image, cut into tiles of nearly equal width.
template <int pixel, class D>
HWY_INLINE HWY_ATTR void pooled_image(D d, const PooledConvGeometry& g, const float* x, const float* weights,
                                      const float* bias, float* y, std::int32_t* winner) {
  constexpr std::int64_t widest = many_registers ? 7 : 3;
  const std::int64_t tiles = (g.out_w + widest - 1) / widest;
  const auto b = hn::LoadU(d, bias);
  std::int64_t tap_at[taps];
  for (std::int64_t tap = 0; tap < taps; ++tap) tap_at[tap] = (tap / kernel * g.padded_w() + tap % kernel) * pixel;
  for (std::int64_t oy = 0; oy < g.out_h; ++oy) {
    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t from = t * g.out_w / tiles, to = (t + 1) * g.out_w / tiles;
      const std::int64_t at = (oy * g.out_w + from) * g.block;
      pooled_tile_of<pixel>(static_cast<int>(to - from), d, g, x, tap_at, 2 * (oy * g.padded_w() + from), weights, b,
                            y + at, winner ? winner + at : nullptr);
    }
  }
}

void pooled_conv(const PooledConvGeometry& g, const float* x, const float* weights, const float* bias, float* y,
                 std::int32_t* winner, float* scratch) {
  // Weights turned to (block of channels, tap, in_c, channel), zeros for channels that are padding.
  const std::int64_t of_block = taps * g.in_c * g.block;
  float* turned = scratch;
  float* biases = turned + g.blocks() * of_block;
  float* image = biases + g.blocks() * g.block;
  for (std::int64_t c = 0; c < g.blocks() * g.block; ++c) {
    const bool real = c < g.out_c;
    biases[c] = real && bias ? bias[c] : 0;
    for (std::int64_t i = 0; i < g.in_c * taps; ++i) {
      turned[c / g.block * of_block + (i % taps * g.in_c + i / taps) * g.block + c % g.block] =
          real ? weights[c * g.in_c * taps + i] : 0;
    }
  }
  for (std::int64_t n = 0; n < g.n; ++n) {
    const float* from = padded_image(g, x, n, image);
    for (std::int64_t b = 0; b < g.blocks(); ++b) {
      const std::int64_t at = (n * g.blocks() + b) * g.out_h * g.out_w * g.block;
      const float* w = turned + b * of_block;
      std::int32_t* where = winner ? winner + at : nullptr;
      float* to = y + at;
      // The distance of pixels is a constant in the loops, so that addresses cost nothing.
      const auto run = [&](auto d) HWY_ATTR {
        g.pixel() == 1 ? pooled_image<1>(d, g, from, w, biases + b * g.block, to, where)
                       : pooled_image<8>(d, g, from, w, biases + b * g.block, to, where);
      };
      if (g.block == 8) {
        run(Eight());
      } else {
        run(hn::CappedTag<float, 16>());
      }
    }
  }
}

/// One channel's gradients that are not zero, gathered: what they are and the pixel they belong to.
struct Sparse {
  float gradient[1024];
  std::int32_t pixel[1024];
  std::int64_t count;
};

/// Gathers up to 1024 positions of a channel; without a branch, since what ReLU clamps is hard to guess.
HWY_INLINE void gather(const PooledConvGeometry& g, const float* dy, const std::int32_t* winner, std::int64_t from,
                       std::int64_t to, Sparse& list) {
  std::int64_t count = 0;
  for (std::int64_t p = from; p < to; ++p) {
    const std::int32_t pixel = winner[p * g.block];
    list.gradient[count] = dy[p * g.block];
    list.pixel[count] = pixel;
    count += pixel >= 0;
  }
  list.count = count;
}

/// sums[row][i] += gradient * image[pixel + row, i]: the gradient of `rows` rows of a kernel over one channel's list.
/// V vectors of eight make a row: rows * V sums and a gradient in registers.
template <int rows, int V>
HWY_INLINE HWY_ATTR void add_patches(const float* image, std::int64_t row, std::int64_t pixel, const Sparse& list,
                                     float* sums) {
  const Eight d;
  hn::Vec<Eight> sum[rows * V];
#pragma GCC unroll 32
  for (int i = 0; i < rows * V; ++i) sum[i] = hn::LoadU(d, sums + i * 8);
  for (std::int64_t k = 0; k < list.count; ++k) {
    const auto gradient = hn::Set(d, list.gradient[k]);
    const float* from = image + list.pixel[k] * pixel;
#pragma GCC unroll 32
    for (int i = 0; i < rows * V; ++i) {
      sum[i] = hn::MulAdd(gradient, hn::LoadU(d, from + i / V * row + i % V * 8), sum[i]);
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < rows * V; ++i) hn::StoreU(sum[i], d, sums + i * 8);
}

/// The same for one channel, where five sums are too few to hide the latency: the list's halves side by side.
HWY_INLINE HWY_ATTR void add_rows(const float* image, std::int64_t row, const Sparse& list, float* sums) {
  const Eight d;
  hn::Vec<Eight> one[kernel], two[kernel];
#pragma GCC unroll 5
  for (int i = 0; i < kernel; ++i) one[i] = hn::LoadU(d, sums + i * 8), two[i] = hn::Zero(d);
  const std::int64_t half = list.count / 2;
  for (std::int64_t k = 0; k < half; ++k) {
    const auto first = hn::Set(d, list.gradient[k]), second = hn::Set(d, list.gradient[k + half]);
    const float* from = image + list.pixel[k];
    const float* other = image + list.pixel[k + half];
#pragma GCC unroll 5
    for (int i = 0; i < kernel; ++i) {
      one[i] = hn::MulAdd(first, hn::LoadU(d, from + i * row), one[i]);
      two[i] = hn::MulAdd(second, hn::LoadU(d, other + i * row), two[i]);
    }
  }
  if (list.count % 2 != 0) {
    const auto last = hn::Set(d, list.gradient[list.count - 1]);
    const float* from = image + list.pixel[list.count - 1];
    for (int i = 0; i < kernel; ++i) one[i] = hn::MulAdd(last, hn::LoadU(d, from + i * row), one[i]);
  }
#pragma GCC unroll 5
  for (int i = 0; i < kernel; ++i) hn::StoreU(hn::Add(one[i], two[i]), d, sums + i * 8);
}

void pooled_conv_backward_weights(const PooledConvGeometry& g, const float* x, const float* dy,
                                  const std::int32_t* winner, float* dweights, float* dbias, float* scratch) {
  const std::int64_t vectors = g.in_c == 1 ? kernel : taps;  // of eight floats, a channel
  const std::int64_t row = g.padded_w() * g.pixel(), positions = g.out_h * g.out_w;
  float* sums = scratch;  // (out_c, vectors, 8)
  float* biases = sums + g.out_c * vectors * 8;
  float* image = biases + g.blocks() * g.block;
  std::fill(sums, image, 0.0F);
  Sparse list;
  for (std::int64_t n = 0; n < g.n; ++n) {
    const float* from = padded_image(g, x, n, image);
    for (std::int64_t c = 0; c < g.out_c; ++c) {
      const std::int64_t at = (n * g.blocks() + c / g.block) * positions * g.block + c % g.block;
      float* of_channel = sums + c * vectors * 8;
      for (std::int64_t first = 0; first < positions; first += 1024) {
        gather(g, dy + at, winner + at, first, std::min(positions, first + 1024), list);
        float total = 0;
        for (std::int64_t k = 0; k < list.count; ++k) total += list.gradient[k];
        biases[c] += total;
        if (g.in_c == 1) {
          add_rows(from, row, list, of_channel);
        } else if constexpr (many_registers) {
          add_patches<kernel, kernel>(from, row, 8, list, of_channel);
        } else {
          add_patches<2, kernel>(from, row, 8, list, of_channel);
          add_patches<2, kernel>(from + 2 * row, row, 8, list, of_channel + 2 * kernel * 8);
          add_patches<1, kernel>(from + 4 * row, row, 8, list, of_channel + 4 * kernel * 8);
        }
      }
    }
  }
  for (std::int64_t c = 0; c < g.out_c; ++c) {
    if (dbias) dbias[c] = biases[c];
    for (std::int64_t i = 0; i < g.in_c * taps; ++i) {
      const std::int64_t tap = i % taps, of_row = tap / kernel * 8 + tap % kernel;
      dweights[c * g.in_c * taps + i] = sums[c * vectors * 8 + (g.in_c == 1 ? of_row : tap * 8 + i / taps)];
    }
  }
}

/// The gradients of one window of the convolution: which channel, and how much.
struct Entries {
  float gradient[4][33];
  std::int32_t channel[4][33];
  int count[4];
};

/// image[row, i] += sum of gradient * weights over the entries: `rows` rows of a kernel, 5 rows + 1 registers.
template <int rows>
HWY_INLINE HWY_ATTR void spread(const float* weights, const float* gradient, const std::int32_t* channel, int count,
                                std::int64_t row, float* image) {
  const Eight d;
  constexpr int size = rows * kernel;
  hn::Vec<Eight> sum[size];
#pragma GCC unroll 32
  for (int i = 0; i < size; ++i) sum[i] = hn::LoadU(d, image + i / kernel * row + i % kernel * 8);
  for (int k = 0; k < count; ++k) {
    const auto v = hn::Set(d, gradient[k]);
    const float* w = weights + channel[k] * taps * 8;
#pragma GCC unroll 32
    for (int i = 0; i < size; ++i) sum[i] = hn::MulAdd(v, hn::LoadU(d, w + i * 8), sum[i]);
  }
#pragma GCC unroll 32
  for (int i = 0; i < size; ++i) hn::StoreU(sum[i], d, image + i / kernel * row + i % kernel * 8);
}

void pooled_conv_backward_data(const PooledConvGeometry& g, const float* dy, const std::int32_t* winner,
                               const float* weights, float* dx, float* scratch) {
  float* turned = scratch;  // (out_c, tap, 8)
  float* image = turned + g.out_c * taps * 8;
  const std::int64_t w = g.padded_w(), row = w * 8, size = g.padded_h() * row;
  const bool padding = g.padded_h() != g.in_h || w != g.in_w;
  std::fill(turned, image, 0.0F);
  for (std::int64_t i = 0; i < g.out_c * g.in_c * taps; ++i) {
    const std::int64_t c = i / taps;
    turned[(c / g.in_c * taps + i % taps) * 8 + c % g.in_c] = weights[i];
  }
  Entries entries;
  for (std::int64_t n = 0; n < g.n; ++n) {
    float* to = padding ? image : dx + n * size;
    std::memset(to, 0, static_cast<std::size_t>(size) * sizeof(float));
    for (std::int64_t p = 0; p < g.out_h * g.out_w; ++p) {
      const std::int64_t start = 2 * (p / g.out_w * w + p % g.out_w);
      std::fill_n(entries.count, 4, 0);
      // Without a branch, since what ReLU clamps is hard to guess: such an entry is written over by the next.
      for (std::int64_t b = 0; b < g.blocks(); ++b) {
        const std::int64_t at = ((n * g.blocks() + b) * g.out_h * g.out_w + p) * g.block;
        const std::int64_t channels = std::min(g.block, g.out_c - b * g.block);
        for (std::int64_t c = 0; c < channels; ++c) {
          const std::int64_t place = std::max<std::int64_t>(0, winner[at + c] - start);
          const auto window = static_cast<std::size_t>(place < 2 ? place : place - w + 2);
          const int k = entries.count[window];
          entries.gradient[window][k] = dy[at + c];
          entries.channel[window][k] = static_cast<std::int32_t>(b * g.block + c);
          entries.count[window] = k + (winner[at + c] >= 0);
        }
      }
      for (std::size_t window = 0; window < 4; ++window) {
        if (entries.count[window] == 0) continue;
        float* at =
            to + (start + static_cast<std::int64_t>(window / 2) * w + static_cast<std::int64_t>(window % 2)) * 8;
        const float* gradient = entries.gradient[window];
        const std::int32_t* channel = entries.channel[window];
        if constexpr (many_registers) {
          spread<kernel>(turned, gradient, channel, entries.count[window], row, at);
        } else {
          spread<2>(turned, gradient, channel, entries.count[window], row, at);
          spread<2>(turned + 2 * kernel * 8, gradient, channel, entries.count[window], row, at + 2 * row);
          spread<1>(turned + 4 * kernel * 8, gradient, channel, entries.count[window], row, at + 4 * row);
        }
      }
    }
    for (std::int64_t i = 0; padding && i < g.in_h; ++i) {
      std::memcpy(dx + (n * g.in_h + i) * g.in_w * 8, to + (i + g.pad_top) * row + g.pad_left * 8,
                  static_cast<std::size_t>(g.in_w * 8) * sizeof(float));
    }
  }
}

#else  // vectors of fewer than eight floats: pooled_conv_block() says no

void pooled_conv(const PooledConvGeometry&, const float*, const float*, const float*, float*, std::int32_t*, float*) {}
void pooled_conv_backward_weights(const PooledConvGeometry&, const float*, const float*, const std::int32_t*, float*,
                                  float*, float*) {}
void pooled_conv_backward_data(const PooledConvGeometry&, const float*, const std::int32_t*, const float*, float*,
                               float*) {}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine::kernels {

HWY_EXPORT(pooled_conv_lanes);
HWY_EXPORT(pooled_conv);
HWY_EXPORT(pooled_conv_backward_weights);
HWY_EXPORT(pooled_conv_backward_data);

std::int64_t pooled_conv_block(std::int64_t in_c, std::int64_t out_c) {
  const std::int64_t lanes = HWY_DYNAMIC_DISPATCH(pooled_conv_lanes)();
  if (lanes < 8 || in_c > 8 || out_c > 32) return 0;
  return lanes >= 16 && out_c > 8 ? 16 : 8;
}

std::size_t pooled_conv_scratch(const PooledConvGeometry& g) {
  const std::int64_t channels = g.blocks() * g.block;
  return static_cast<std::size_t>(channels * pooled_conv_kernel * pooled_conv_kernel * 8 + channels +
                                  g.padded_h() * g.padded_w() * g.pixel() + 8);
}

void pooled_conv(const PooledConvGeometry& g, const float* x, const float* weights, const float* bias, float* y,
                 std::int32_t* winner, float* scratch) {
  HWY_DYNAMIC_DISPATCH(pooled_conv)(g, x, weights, bias, y, winner, scratch);
}
void pooled_conv_backward_weights(const PooledConvGeometry& g, const float* x, const float* dy,
                                  const std::int32_t* winner, float* dweights, float* dbias, float* scratch) {
  HWY_DYNAMIC_DISPATCH(pooled_conv_backward_weights)(g, x, dy, winner, dweights, dbias, scratch);
}
void pooled_conv_backward_data(const PooledConvGeometry& g, const float* dy, const std::int32_t* winner,
                               const float* weights, float* dx, float* scratch) {
  HWY_DYNAMIC_DISPATCH(pooled_conv_backward_data)(g, dy, winner, weights, dx, scratch);
}

}  // namespace fanin::engine::kernels
#endif
