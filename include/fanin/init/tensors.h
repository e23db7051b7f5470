// Initial weights straight into memory of one's own: no graph, no engine. A tensor is a span of float, double, bfloat16
// or half in row-major order.
//
//     std::vector<float> weight(64 * 3 * 7 * 7);
//     fanin::init::he_normal(std::span(weight), {64, 3, 7, 7}, {.seed = 1, .name = "conv1.weight"});
//
// The bits are those that `fanin init --shape 64x3x7x7 --name conv1.weight --seed 1` writes.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fanin/base/float16.h"
#include "fanin/base/shape.h"
#include "fanin/init/schemes.h"
#include "fanin/model/operators.h"

namespace fanin::init {

/// The fan n of the variance gain^2 / n: fan_in, fan_out, their mean, their geometric mean.
enum class FanMode { in, out, average, geometric };
/// Of mean 0 and standard deviation s: N(0, s^2); U[-s sqrt 3, s sqrt 3); a normal cut at two of its own standard
/// deviations, which is s / 0.8796 before the cut; -s or s.
enum class Distribution { normal, uniform, truncated_normal, sign };

struct TensorOptions {
  std::uint64_t seed = 0;
  std::string_view name = "weight";  // names the random stream: give each tensor of a network its own
  /// The activation that follows, which rules the gains of he_* and orthogonal.
  model::Activation activation = {model::ActivationKind::relu};
  // The layer, as far as the shape leaves it open (fanin/init/layer.h).
  std::int64_t groups = 1;
  std::vector<std::int64_t> stride = {};
  bool transposed = false;
  std::int64_t fused = 1;
  /// The destination holds elements [first, first + its size) of the tensor: a shard has the whole tensor's bits.
  std::uint64_t first = 0;
  int threads = 1;               // that may draw; none is started for fewer than 2^19 elements
  FillReport* report = nullptr;  // takes what was wanted and what was drawn (one pass more over the destination)
};

/// Any scheme of the table by its text, "he_normal:mode=fan_out". `shape` is (out, in), (O, I/groups, k...), transposed
/// (I, O/groups, k...), or (n), which only schemes without fans take; a scheme that looks at the network sees one
/// layer, the first. The destination has element_count(shape) elements, or fewer, where it is a shard.
///
/// Throws Error, before anything is written: an unknown scheme or option, a number out of its range or not finite, an
/// empty shape or extents below 1, more than 2^63 - 1 elements, a destination that does not lie in the tensor, a layer
/// that is none, a scheme that does not apply. T is float, double, bfloat16 or half. Safe on several threads at once.
template <class T>
void fill_tensor(std::span<T> out, const Shape& shape, std::string_view scheme, const TensorOptions& options = {});

// The common schemes by name; formulas and papers: `fanin explain NAME`. Errors as above.

template <class T>
void zeros(std::span<T> out, const Shape& shape, const TensorOptions& options = {});
template <class T>
void constant(std::span<T> out, const Shape& shape, double value, const TensorOptions& options = {});
/// N(mean, std^2); std 0 or above.
template <class T>
void normal(std::span<T> out, const Shape& shape, double mean, double std, const TensorOptions& options = {});
/// U[low, high), low < high.
template <class T>
void uniform(std::span<T> out, const Shape& shape, double low, double high, const TensorOptions& options = {});
/// N(mean, std^2) given that it lies in [low, high]: bounds of the weights themselves, as PyTorch's trunc_normal_.
template <class T>
void truncated_normal(std::span<T> out, const Shape& shape, double mean, double std, double low, double high,
                      const TensorOptions& options = {});
/// Standard deviation gain sqrt(2 / (fan_in + fan_out)).
template <class T>
void xavier_normal(std::span<T> out, const Shape& shape, const TensorOptions& options = {}, double gain = 1);
template <class T>
void xavier_uniform(std::span<T> out, const Shape& shape, const TensorOptions& options = {}, double gain = 1);
/// Standard deviation gain / sqrt(n), the gain being that of options.activation (relu: sqrt 2); not geometric.
template <class T>
void he_normal(std::span<T> out, const Shape& shape, const TensorOptions& options = {}, FanMode mode = FanMode::in);
template <class T>
void he_uniform(std::span<T> out, const Shape& shape, const TensorOptions& options = {}, FanMode mode = FanMode::in);
/// Standard deviation gain / sqrt(fan_in).
template <class T>
void lecun_normal(std::span<T> out, const Shape& shape, const TensorOptions& options = {}, double gain = 1);
template <class T>
void lecun_uniform(std::span<T> out, const Shape& shape, const TensorOptions& options = {}, double gain = 1);
/// Variance scale / n.
template <class T>
void variance_scaling(std::span<T> out, const Shape& shape, double scale, FanMode mode, Distribution distribution,
                      const TensorOptions& options = {});
/// A Haar-distributed orthogonal matrix times the gain of options.activation. Computed as a whole, also for a shard.
template <class T>
void orthogonal(std::span<T> out, const Shape& shape, const TensorOptions& options = {});
/// The same with a gain of one's own, above 0.
template <class T>
void orthogonal(std::span<T> out, const Shape& shape, double gain, const TensorOptions& options = {});

}  // namespace fanin::init
