// A law: what every element of a tensor is drawn from, independently of the others, before any value is drawn.
//
// Most schemes are a law a tensor. One function draws it for any element type, any range of the tensor's indices, and
// from Fanin's stream or another framework's.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "fanin/base/float16.h"
#include "fanin/base/shape.h"
#include "fanin/random/compat.h"
#include "fanin/random/stream.h"

namespace fanin::init {

enum class LawKind { constant, uniform, normal, truncated_normal, sign };

/// All numbers are of the weights themselves, not in standard deviations. The functions below make them.
struct Law {
  LawKind kind = LawKind::constant;
  double mean = 0;           // constant: the value; normal and truncated_normal: the mean before the cut
  double std = 0;            // normal and truncated_normal: before the cut; sign: the magnitude
  double low = 0, high = 0;  // uniform: [low, high); truncated_normal: the bounds, which may be infinite
  /// The wanted variance of a law that a fan scales, before it became the numbers above; NaN for others. JAX's
  /// initializers round it first, so that their stream needs it.
  double variance = std::numeric_limits<double>::quiet_NaN();
};
Law constant_law(double value);
Law uniform_law(double low, double high);
Law normal_law(double mean, double std);
/// N(mean, std^2) given low <= W <= high. Where std is 0 or the bounds meet in the element type it is the mean.
Law truncated_law(double mean, double std, double low, double high);
Law sign_law(double magnitude);  // +magnitude or -magnitude

/// Mean and standard deviation of the law itself (after a truncation).
double law_mean(const Law& law);
double law_std(const Law& law);
/// The smallest and the largest value that it can give; infinite for a normal.
double law_minimum(const Law& law);
double law_maximum(const Law& law);
/// "normal(0, 0.0589256)", "truncated_normal(0, 0.02, [-2, 2])".
std::string law_text(const Law& law);

/// Elements [first, first + out.size()) of the tensor whose stream it is; T is float, double, bfloat16 or half. The
/// same bits for every cut into ranges and every number of threads (random::FillThreads).
template <class T>
void draw(const Law& law, const random::Stream& stream, std::span<T> out, std::uint64_t first = 0);

/// A whole tensor of the given shape from another framework's stream, which moves on; T is float or double. The calls
/// are those of the framework's own initializers, in the framework's layout of the tensor. Constants draw nothing (in
/// JAX they take a key).
template <class T>
void draw(const Law& law, random::compat::ForeignStream& stream, const Shape& shape, std::span<T> out);

}  // namespace fanin::init
