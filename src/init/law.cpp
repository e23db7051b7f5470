// Laws: their moments, and the one place where they are drawn.
#include "fanin/init/law.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "fanin/base/error.h"
#include "init/truncation.h"

namespace fanin::init {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
T converted(double value) {
  if constexpr (std::same_as<T, bfloat16>) {
    return to_bfloat16(static_cast<float>(value));
  } else if constexpr (std::same_as<T, half>) {
    return to_half(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

/// What the fills compute in: the 16-bit types go through float.
template <class T>
using Number = std::conditional_t<std::same_as<T, double>, double, float>;

/// A truncation that leaves one number: the fills refuse it.
template <class Float>
bool is_point(const Law& law) {
  return !(static_cast<Float>(law.std) > 0) || static_cast<Float>(law.low) >= static_cast<Float>(law.high);
}

/// The bounds in standard deviations from the mean.
double lower_cut(const Law& law) {
  return (law.low - law.mean) / law.std;
}
double upper_cut(const Law& law) {
  return (law.high - law.mean) / law.std;
}

}  // namespace

Law constant_law(double value) {
  Law law;
  law.mean = value;
  return law;
}

Law uniform_law(double low, double high) {
  Law law;
  law.kind = LawKind::uniform;
  law.low = low;
  law.high = high;
  return law;
}

Law normal_law(double mean, double std) {
  Law law;
  law.kind = LawKind::normal;
  law.mean = mean;
  law.std = std;
  return law;
}

Law truncated_law(double mean, double std, double low, double high) {
  Law law = normal_law(mean, std);
  law.kind = LawKind::truncated_normal;
  law.low = low;
  law.high = high;
  return law;
}

Law sign_law(double magnitude) {
  Law law;
  law.kind = LawKind::sign;
  law.std = magnitude;
  return law;
}

double law_mean(const Law& law) {
  switch (law.kind) {
    case LawKind::uniform:
      return 0.5 * law.low + 0.5 * law.high;
    case LawKind::truncated_normal:
      return is_point<double>(law) ? law.mean : law.mean + law.std * truncated_mean(lower_cut(law), upper_cut(law));
    case LawKind::sign:
      return 0;
    default:
      return law.mean;
  }
}

double law_std(const Law& law) {
  switch (law.kind) {
    case LawKind::constant:
      return 0;
    case LawKind::uniform:
      return (law.high - law.low) / std::sqrt(12.0);
    case LawKind::truncated_normal:
      return is_point<double>(law) ? 0 : law.std * truncated_std(lower_cut(law), upper_cut(law));
    default:
      return law.std;
  }
}

double law_minimum(const Law& law) {
  switch (law.kind) {
    case LawKind::constant:
      return law.mean;
    case LawKind::normal:
      return law.std > 0 ? -infinity : law.mean;
    case LawKind::sign:
      return -law.std;
    default:
      return law.low;
  }
}

double law_maximum(const Law& law) {
  switch (law.kind) {
    case LawKind::constant:
      return law.mean;
    case LawKind::normal:
      return law.std > 0 ? infinity : law.mean;
    case LawKind::sign:
      return law.std;
    default:
      return law.high;
  }
}

std::string law_text(const Law& law) {
  switch (law.kind) {
    case LawKind::constant:
      return fmt::format("constant({:.6g})", law.mean);
    case LawKind::uniform:
      return fmt::format("uniform[{:.6g}, {:.6g})", law.low, law.high);
    case LawKind::normal:
      return fmt::format("normal({:.6g}, {:.6g})", law.mean, law.std);
    case LawKind::truncated_normal:
      return fmt::format("truncated_normal({:.6g}, {:.6g}, [{:.6g}, {:.6g}])", law.mean, law.std, law.low, law.high);
    case LawKind::sign:
      return fmt::format("sign({:.6g})", law.std);
  }
  return "";
}

template <class T>
void draw(const Law& law, const random::Stream& stream, std::span<T> out, std::uint64_t first) {
  using Float = Number<T>;
  const auto mean = static_cast<Float>(law.mean), std = static_cast<Float>(law.std);
  const auto low = static_cast<Float>(law.low), high = static_cast<Float>(law.high);
  switch (law.kind) {
    case LawKind::constant:
      std::ranges::fill(out, converted<T>(law.mean));
      break;
    case LawKind::uniform:
      random::fill_uniform(out, stream, low, high, first);
      break;
    case LawKind::normal:
      random::fill_normal(out, stream, mean, std, first);
      break;
    case LawKind::truncated_normal:
      if (is_point<Float>(law)) {
        std::ranges::fill(out, converted<T>(law.mean));
      } else {
        random::fill_truncated_normal(out, stream, mean, std, low, high, first);
      }
      break;
    case LawKind::sign:
      random::fill_sign(out, stream, -std, first);  // so that the upper half of the words is positive
      break;
  }
}
template void draw(const Law&, const random::Stream&, std::span<float>, std::uint64_t);
template void draw(const Law&, const random::Stream&, std::span<double>, std::uint64_t);
template void draw(const Law&, const random::Stream&, std::span<bfloat16>, std::uint64_t);
template void draw(const Law&, const random::Stream&, std::span<half>, std::uint64_t);

namespace {

/// From the framework's order of a weight, (kernel..., inputs, outputs), to ours, (outputs, inputs, kernel...).
template <class T>
void to_our_layout(const Shape& shape, std::span<T> values) {
  const std::vector<T> theirs(values.begin(), values.end());
  const auto outputs = static_cast<std::size_t>(shape[0]), inputs = static_cast<std::size_t>(shape[1]);
  const std::size_t taps = values.size() / (outputs * inputs);
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < inputs; ++i)
      for (std::size_t t = 0; t < taps; ++t)
        values[(o * inputs + i) * taps + t] = theirs[(t * inputs + i) * outputs + o];
}

}  // namespace

template <class T>
void draw(const Law& law, random::compat::ForeignStream& stream, const Shape& shape, std::span<T> out) {
  using random::compat::ScaledKind;
  const bool scaled = std::isfinite(law.variance);
  switch (law.kind) {
    case LawKind::constant:
      stream.skip();
      std::ranges::fill(out, static_cast<T>(law.mean));
      return;
    case LawKind::uniform:
      if (!(scaled && stream.scaled(out, law.variance, ScaledKind::uniform))) stream.uniform(out, law.low, law.high);
      break;
    case LawKind::normal:
      if (!(scaled && stream.scaled(out, law.variance, ScaledKind::normal))) stream.normal(out, law.mean, law.std);
      break;
    case LawKind::truncated_normal:
      if (is_point<T>(law)) {
        std::ranges::fill(out, static_cast<T>(law.mean));
      } else if (!(scaled && stream.scaled(out, law.variance, ScaledKind::truncated_normal))) {
        stream.truncated_normal(out, law.mean, law.std, law.low, law.high);
      }
      break;
    case LawKind::sign:
      stream.uniform(out, -1, 1);
      for (T& value : out) value = static_cast<T>(value < 0 ? -law.std : law.std);
      break;
  }
  if (shape.size() >= 2 && stream.outputs_last()) to_our_layout(shape, out);
}
template void draw(const Law&, random::compat::ForeignStream&, const Shape&, std::span<float>);
template void draw(const Law&, random::compat::ForeignStream&, const Shape&, std::span<double>);

}  // namespace fanin::init
