// Fanin's own random streams: Philox4x32-10 (Salmon et al., SC11) addressed by name and index.
//
// A value depends on (seed, name, purpose, index) alone: not on the order of fills, threads, SIMD width, processor, or
// on how a tensor is cut into shards. docs/random.md states the layout; changing it changes every weight.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fanin/base/float16.h"

namespace fanin::random {

/// What a stream is for; part of the counter, so streams of different purposes never meet.
enum class Purpose : std::uint32_t {
  initialize = 0,  // weights
  order = 1,       // data order in an epoch
  split = 2,       // training / validation split
  augment = 3,     // flips, crops, cutout of a sample
  dropout = 4,
  subset = 5,  // --train-size
};

/// A stream: the key is the hash of (seed, name) with version 1, the counter's upper half holds purpose and `draw`.
struct Stream {
  std::uint64_t key;
  Purpose purpose;
  std::uint32_t draw = 0;  // further independent streams under the same name (an epoch, a second draw)
};

Stream make_stream(std::uint64_t seed, std::string_view name, Purpose purpose, std::uint32_t draw = 0);

/// The Philox4x32-10 block function.
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// The stream's block number `index`: counter = (lo index, hi index, purpose, draw).
std::array<std::uint32_t, 4> block(const Stream& stream, std::uint64_t index);

/// Fills of elements [first, first + out.size()) of the logical tensor. Same bits on every machine, SIMD width and
/// number of threads. float: a tile of 32 elements, Box-Muller from one block (docs/random.md). double: 53 bits an
/// element, from the same blocks. bfloat16 and half: the floats, rounded to nearest (ties to even); a uniform's bounds
/// are first rounded to the type. Finite arguments are the caller's duty (a truncation's bounds may be infinite).
void fill_bits(std::span<std::uint32_t> out, const Stream& stream, std::uint64_t first = 0);

/// [low, high); throws Error unless low <= high.
void fill_uniform(std::span<float> out, const Stream& stream, float low, float high, std::uint64_t first = 0);
void fill_uniform(std::span<double> out, const Stream& stream, double low, double high, std::uint64_t first = 0);
void fill_uniform(std::span<bfloat16> out, const Stream& stream, float low, float high, std::uint64_t first = 0);
void fill_uniform(std::span<half> out, const Stream& stream, float low, float high, std::uint64_t first = 0);

void fill_normal(std::span<float> out, const Stream& stream, float mean, float std, std::uint64_t first = 0);
void fill_normal(std::span<double> out, const Stream& stream, double mean, double std, std::uint64_t first = 0);
void fill_normal(std::span<bfloat16> out, const Stream& stream, float mean, float std, std::uint64_t first = 0);
void fill_normal(std::span<half> out, const Stream& stream, float mean, float std, std::uint64_t first = 0);

/// Normal(mean, std) truncated to [low, high] (absolute bounds), exactly: by the tail probability, no piling up. Throws
/// Error unless std > 0, low < high and the interval comes within 10 standard deviations of the mean.
void fill_truncated_normal(std::span<float> out, const Stream& stream, float mean, float std, float low, float high,
                           std::uint64_t first = 0);
void fill_truncated_normal(std::span<double> out, const Stream& stream, double mean, double std, double low,
                           double high, std::uint64_t first = 0);
void fill_truncated_normal(std::span<bfloat16> out, const Stream& stream, float mean, float std, float low, float high,
                           std::uint64_t first = 0);
void fill_truncated_normal(std::span<half> out, const Stream& stream, float mean, float std, float low, float high,
                           std::uint64_t first = 0);

/// +magnitude or -magnitude, each with probability 1/2: the sign is the top bit of the element's word (of fill_bits,
/// whatever the type).
void fill_sign(std::span<float> out, const Stream& stream, float magnitude = 1, std::uint64_t first = 0);
void fill_sign(std::span<double> out, const Stream& stream, double magnitude = 1, std::uint64_t first = 0);
void fill_sign(std::span<bfloat16> out, const Stream& stream, float magnitude = 1, std::uint64_t first = 0);
void fill_sign(std::span<half> out, const Stream& stream, float magnitude = 1, std::uint64_t first = 0);

/// While it lives, fills that this thread calls may use up to `count` threads (this one among them) where each gets at
/// least 2^18 elements. Without one a fill runs on its caller's thread alone, so that trials side by side do not meet.
class FillThreads {
 public:
  explicit FillThreads(int count);
  ~FillThreads();
  FillThreads(const FillThreads&) = delete;
  FillThreads& operator=(const FillThreads&) = delete;

 private:
  int before_;
};

/// An unbiased integer in [0, n), n >= 1, from block `index` (Lemire's method on 64 bits; further blocks of the same
/// stream's draw are not touched).
std::uint64_t uniform_index(const Stream& stream, std::uint64_t index, std::uint64_t n);
/// A double in [0, 1) with 53 bits from block `index`.
double uniform_unit(const Stream& stream, std::uint64_t index);
/// A permutation of 0..n-1 (Fisher-Yates with uniform_index).
std::vector<std::uint32_t> permutation(const Stream& stream, std::uint32_t n);

}  // namespace fanin::random
