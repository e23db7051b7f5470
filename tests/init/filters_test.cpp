// The claims of the schemes with structure: isometries, fixed patterns, drawn filters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

double norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

std::vector<double> noise(std::size_t count) {
  std::vector<double> values(count);
  random::fill_normal(std::span<double>(values), random::make_stream(5, "input", random::Purpose::augment), 0.0, 1.0);
  return values;
}

/// A circular 2-D cross-correlation of (channels, n, n) by a kernel of odd or even extent k, in double.
std::vector<double> convolve(const std::vector<double>& in, const std::vector<float>& weights, std::int64_t outputs,
                             std::int64_t inputs, std::int64_t k, std::int64_t n) {
  std::vector<double> out(static_cast<std::size_t>(outputs * n * n), 0.0);
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t v = 0; v < k; ++v)
        for (std::int64_t u = 0; u < k; ++u) {
          const double w = weights[static_cast<std::size_t>(((o * inputs + i) * k + v) * k + u)];
          if (w == 0) continue;
          for (std::int64_t y = 0; y < n; ++y)
            for (std::int64_t x = 0; x < n; ++x)
              out[static_cast<std::size_t>((o * n + y) * n + x)] +=
                  w * in[static_cast<std::size_t>((i * n + (y + v) % n) * n + (x + u) % n)];
        }
  return out;
}

TEST(DeltaOrthogonal, KeepsTheNormThroughTwoHundredLayers) {
  constexpr std::int64_t channels = 16, n = 5;
  std::vector<double> signal = noise(channels * n * n);
  const double before = norm(signal);
  for (int layer = 0; layer < 200; ++layer) {
    WeightContext context = conv_context(channels, channels, 3);
    const std::string name = "conv" + std::to_string(layer) + ".weight";
    context.name = name;
    context.activation = {model::ActivationKind::identity};
    signal = convolve(signal, filled("delta_orthogonal", context).values, channels, channels, 3, n);
  }
  EXPECT_NEAR(norm(signal) / before, 1, 1e-4);
}

TEST(DeltaOrthogonal, IsZeroOffTheCentreAndKeepsScaleOrNormWhereItWidens) {
  for (const std::int64_t kernel : {3, 4}) {  // an even kernel's centre is (k - 1) / 2, the earlier middle
    const Filled filling = filled("delta_orthogonal:gain=1", conv_context(8, 4, kernel));
    const std::int64_t centre = (kernel - 1) / 2 * kernel + (kernel - 1) / 2;
    for (std::int64_t i = 0; i < 8 * 4 * kernel * kernel; ++i)
      if (i % (kernel * kernel) != centre) {
        EXPECT_EQ(filling.values[static_cast<std::size_t>(i)], 0);
      }
    EXPECT_NEAR(filling.report.std, filling.report.target_std, 0.02 * filling.report.target_std);
  }
  const std::vector<double> signal = noise(4 * 9);
  const Filled wide = filled("delta_orthogonal:gain=1", conv_context(8, 4, 3));
  EXPECT_NEAR(norm(convolve(signal, wide.values, 8, 4, 3, 3)), norm(signal), 1e-5);
  const Filled scaled = filled("delta_orthogonal:gain=1,keep=scale", conv_context(8, 4, 3));
  EXPECT_NEAR(norm(convolve(signal, scaled.values, 8, 4, 3, 3)), std::sqrt(2.0) * norm(signal), 1e-5);
}

TEST(ConvOrthogonal, HasEqualSingularValuesAtEveryFrequency) {
  for (const auto& [outputs, inputs, kernel] :
       {std::array<std::int64_t, 3>{6, 6, 3}, {6, 4, 3}, {5, 5, 4}, {4, 7, 2}}) {
    const Filled filling = filled("conv_orthogonal:gain=1", conv_context(outputs, inputs, kernel));
    EXPECT_NEAR(filling.report.std, filling.report.target_std, 0.1 * filling.report.target_std);
    for (int v = 0; v < 5; ++v)
      for (int u = 0; u < 5; ++u) {
        std::vector<std::complex<double>> m(static_cast<std::size_t>(outputs * inputs));
        for (std::int64_t at = 0; at < outputs * inputs; ++at)
          for (std::int64_t y = 0; y < kernel; ++y)
            for (std::int64_t x = 0; x < kernel; ++x)
              m[static_cast<std::size_t>(at)] +=
                  static_cast<double>(filling.values[static_cast<std::size_t>((at * kernel + y) * kernel + x)]) *
                  std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(v * y + u * x) / 5);
        const bool tall = outputs >= inputs;
        const std::int64_t shorter = std::min(outputs, inputs), longer = std::max(outputs, inputs);
        for (std::int64_t a = 0; a < shorter; ++a)
          for (std::int64_t b = 0; b < shorter; ++b) {
            std::complex<double> dot = 0;
            for (std::int64_t i = 0; i < longer; ++i) {
              const auto at = [&, columns = inputs](std::int64_t s) {
                return m[static_cast<std::size_t>(tall ? i * columns + s : s * columns + i)];
              };
              dot += std::conj(at(a)) * at(b);
            }
            EXPECT_NEAR(std::abs(dot - (a == b ? 1.0 : 0.0)), 0, 1e-6);
          }
      }
  }
  WeightContext oblong = conv_context(4, 4, 3);
  oblong.shape.back() = 1;
  EXPECT_THAT([&] { filled("conv_orthogonal", oblong); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("needs a square kernel")));
}

TEST(Bilinear, IsTheCentredTent) {
  const Filled filling = filled("bilinear", conv_context(3, 3, 4, 3));
  const float line[] = {0.25f, 0.75f, 0.75f, 0.25f};
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t y = 0; y < 4; ++y)
      for (std::size_t x = 0; x < 4; ++x) EXPECT_FLOAT_EQ(filling.values[(c * 4 + y) * 4 + x], line[y] * line[x]);
  EXPECT_THAT([] { filled("bilinear", linear_context(3, 3)); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("scheme 'bilinear' needs a convolution's kernel")));
}

TEST(Sparse, KeepsTheSameNumberInEachLine) {
  const Filled martens = filled("sparse:per=output,nonzero=15,std=1", linear_context(40, 100));
  const Filled torch = filled("sparse:sparsity=0.33", linear_context(40, 100));
  for (std::int64_t o = 0; o < 40; ++o) {
    const auto row = martens.values.begin() + o * 100;
    EXPECT_EQ(std::count(row, row + 100, 0.0f), 85);
  }
  for (std::size_t i = 0; i < 100; ++i) {
    int zeros = 0;
    for (std::size_t o = 0; o < 40; ++o) zeros += torch.values[o * 100 + i] == 0;
    EXPECT_EQ(zeros, 14);  // ceil(0.33 40)
  }
  EXPECT_NEAR(martens.report.std, martens.report.target_std, 0.15 * martens.report.target_std);
}

TEST(Gabor, HasZeroMeanFiltersOfHesScale) {
  WeightContext context = conv_context(16, 3, 7);
  context.place.first = true;
  const Filled filling = filled("gabor", context);
  for (std::size_t filter = 0; filter < 48; ++filter) {
    double sum = 0;
    for (std::size_t tap = 0; tap < 49; ++tap) sum += filling.values[filter * 49 + tap];
    EXPECT_NEAR(sum, 0, 1e-5);
  }
  EXPECT_NEAR(filling.report.std, std::sqrt(2.0 / 147), 1e-6);
  context.shape[2] = context.shape[3] = 3;
  EXPECT_THAT([&] { filled("gabor", context); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("needs a first convolution with a kernel of 5x5")));
}

TEST(ConvAware, FiltersOfOneOutputAreOrthogonal) {
  // Over the half spectrum's inner product; for a kernel of 3x3 there are 6 coefficients, so 6 such filters.
  const Filled filling = filled("conv_aware:noise=0", conv_context(4, 6, 3));
  EXPECT_NEAR(filling.report.std * filling.report.std + filling.report.mean * filling.report.mean, 2.0 / 54, 1e-6);
  const auto coefficient = [&](std::size_t i, std::size_t u, std::size_t v) {
    double sum = 0;
    for (std::size_t y = 0; y < 3; ++y)
      for (std::size_t x = 0; x < 3; ++x)
        sum +=
            filling.values[i * 9 + y * 3 + x] * std::cos(2 * std::numbers::pi * static_cast<double>(u * y + v * x) / 3);
    return sum;
  };
  // The six spectra are the rows of an orthogonal matrix; its columns, read across the filters, are orthogonal too.
  // (Of column v = 0 the inverse real transform keeps the symmetric part alone, so v = 1 is looked at.)
  double scale = 0;
  for (std::size_t a = 0; a < 3; ++a)
    for (std::size_t b = 0; b < 3; ++b) {
      double dot = 0;
      for (std::size_t i = 0; i < 6; ++i) dot += coefficient(i, a, 1) * coefficient(i, b, 1);
      if (a == 0 && b == 0) scale = dot;
      EXPECT_NEAR(dot / scale, a == b ? 1 : 0, 1e-5);
    }
  EXPECT_EQ(filled("conv_aware", linear_context(8, 8)).report.gain, std::sqrt(2.0));
}

TEST(Sinusoidal, HasTheWantedScaleWithoutASeed) {
  WeightContext context = conv_context(32, 16, 3);
  const Filled first = filled("sinusoidal", context);
  EXPECT_NEAR(first.report.std, std::sqrt(2.0 / 144), 2e-3 * std::sqrt(2.0 / 144));
  context.seed = 99;
  EXPECT_EQ(filled("sinusoidal", context).values, first.values);
  const double pi = std::numbers::pi;  // W[i, j] / W[1, 0], by hand
  EXPECT_NEAR(first.values[2 * 144 + 5] / first.values[0],
              std::sin(3 * (2 * pi * 5 / 144 + 2 * pi / 32)) / std::sin(2 * pi / 32), 1e-5);
}

TEST(TanhFixedPoint, KeepsASignalThroughAThousandLayers) {
  constexpr std::size_t width = 32;
  std::vector<double> signal = noise(width);
  std::vector<double> xavier = signal;
  for (int layer = 0; layer < 1000; ++layer) {
    WeightContext context = linear_context(width, width);
    const std::string name = "fc" + std::to_string(layer) + ".weight";
    context.name = name;
    context.activation = {model::ActivationKind::tanh};
    for (auto [scheme, values] : {std::pair{"tanh_fixed_point", &signal}, std::pair{"xavier_normal", &xavier}}) {
      const std::vector<float> weights = filled(scheme, context).values;
      std::vector<double> next(width, 0.0);
      for (std::size_t o = 0; o < width; ++o) {
        for (std::size_t i = 0; i < width; ++i) next[o] += weights[o * width + i] * (*values)[i];
        next[o] = std::tanh(next[o]);
      }
      *values = next;
    }
  }
  EXPECT_GT(norm(signal) / std::sqrt(width), 0.02);
  EXPECT_GT(norm(signal), norm(xavier));
}

TEST(RandomWalk, TakesOutTheDrift) {
  // Narrow layers: under he_normal the logarithm of the signal falls with depth; the corrected gain takes that out.
  constexpr std::size_t width = 16;
  constexpr int depth = 40, seeds = 60;
  double he = 0, walk = 0;
  for (int seed = 0; seed < seeds; ++seed)
    for (auto [scheme, sum] : {std::pair{"he_normal", &he}, std::pair{"random_walk", &walk}}) {
      std::vector<double> signal(width, 1.0);
      for (int layer = 0; layer < depth; ++layer) {
        WeightContext context = linear_context(width, width);
        const std::string name = "fc" + std::to_string(layer) + ".weight";
        context.name = name;
        context.seed = static_cast<std::uint64_t>(seed);
        const std::vector<float> weights = filled(scheme, context).values;
        std::vector<double> next(width, 0.0);
        for (std::size_t o = 0; o < width; ++o) {
          for (std::size_t i = 0; i < width; ++i) next[o] += weights[o * width + i] * signal[i];
          next[o] = std::max(0.0, next[o]);
        }
        signal = next;
      }
      *sum += std::log(norm(signal) / 4) / seeds;
    }
  EXPECT_LT(he, -1.5);
  EXPECT_LT(std::abs(walk), 0.6 * std::abs(he));
}

TEST(ZeroInit, IsAnIsometryWhereItWidens) {
  // 16 outputs of 5 inputs: columns of a Hadamard matrix over sqrt 16.
  const Filled filling = filled("zero_init", linear_context(16, 5));
  const std::vector<double> signal = noise(5);
  double squares = 0;
  for (std::size_t o = 0; o < 16; ++o) {
    double sum = 0;
    for (std::size_t i = 0; i < 5; ++i) sum += filling.values[o * 5 + i] * signal[i];
    squares += sum * sum;
  }
  EXPECT_NEAR(std::sqrt(squares), norm(signal), 1e-6);
  EXPECT_NEAR(filled("zero_init:constant=paper", linear_context(16, 5)).values[0], std::sqrt(2.0) / 4, 1e-6);
  const Filled narrow = filled("zero_init", linear_context(3, 5));
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(narrow.values[i], i / 5 == i % 5 ? 1.0f : 0.0f);
  WeightContext last = linear_context(10, 5);
  last.place.last = true;
  EXPECT_THAT(filled("zero_init", last).values, testing::Each(0.0f));
}

TEST(IdInit, RepeatsTheIdentity) {
  const Filled tall = filled("idinit:noise=0", linear_context(7, 3));
  for (std::size_t i = 0; i < 21; ++i) EXPECT_EQ(tall.values[i], i / 3 % 3 == i % 3 ? 1.0f : 0.0f);
  // A kernel as a matrix (O, kH kW I): output o takes input o % I at tap o / I; the other order swaps the two.
  const Filled taps = filled("idinit:noise=0", conv_context(6, 2, 3));
  const Filled channels = filled("idinit:noise=0,order=channels_first", conv_context(6, 2, 3));
  for (std::size_t o = 0; o < 6; ++o)
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t tap = 0; tap < 9; ++tap) {
        const std::size_t at = (o * 2 + i) * 9 + tap;
        EXPECT_EQ(taps.values[at], i == o % 2 && tap == o / 2 ? 1.0f : 0.0f);
        EXPECT_EQ(channels.values[at], i == 0 && tap == o ? 1.0f : 0.0f);
      }
  WeightContext end = linear_context(4, 4);
  end.place = {.blocks = 3, .branch_layers = 2, .branch_position = 2, .branch_end = true};
  const Filled zero = filled("idinit:noise=0", end);
  for (std::size_t i = 0; i < 16; ++i)
    EXPECT_EQ(zero.values[i], i % 4 == i / 4 ? 1e-6f : i % 4 == (i / 4 + 1) % 4 ? -1e-6f : 0.0f);
}

}  // namespace
}  // namespace fanin::init
