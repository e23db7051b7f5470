// from_weights: another network's weights as they are; the first layer's channels and all kernel sizes adapted.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "fanin/base/error.h"
#include "init/resample.h"
#include "init/schemes/schemes.h"
#include "init/source_weights.h"

namespace fanin::init::schemes {
namespace {

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// (outputs, n, area) -> (outputs, m, area) by the rule of the option `channels`.
std::vector<double> adapt_channels(std::span<const double> weight, std::int64_t outputs, std::int64_t n, std::int64_t m,
                                   std::int64_t area, std::string_view rule) {
  std::vector<double> result(index(outputs * m * area), 0.0);
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t t = 0; t < area; ++t) {
      const auto from = [&](std::int64_t i) { return weight[index((o * n + i) * area + t)]; };
      const auto to = [&](std::int64_t j) -> double& { return result[index((o * m + j) * area + t)]; };
      double sum = 0;
      for (std::int64_t i = 0; i < n; ++i) sum += from(i);
      for (std::int64_t j = 0; j < m; ++j) {
        if (rule == "mean") {
          to(j) = sum / static_cast<double>(m);
        } else if (rule == "sum") {
          to(j) = sum;
        } else if (rule == "zero") {
          to(j) = j < n ? from(j) : 0.0;
        } else if (m >= n) {  // repeat: old channel i lies on all j with j mod n = i, in equal parts
          to(j) = from(j % n) / static_cast<double>((m - j % n - 1) / n + 1);
        } else {  // repeat: new channel j takes all i with i mod m = j
          for (std::int64_t i = j; i < n; i += m) to(j) += from(i);
        }
      }
    }
  return result;
}

class Adapter {
 public:
  Adapter(const SourceReader& source, const Options& options, const WeightContext& context, const Tensor& there)
      : source_(source), options_(options), context_(context), there_(there) {}

  void fill(std::span<float> out) const {
    const Shape &from = there_.shape, &to = context_.shape;
    if (from == to) {
      std::ranges::copy(there_.values, out.begin());
      return;
    }
    const bool kernels = context_.role == model::Role::weight && from.size() == 4 && to.size() == 4;
    if (!kernels || from[0] != to[0] || there_.values.empty()) refuse("");
    std::vector<double> values(there_.values.begin(), there_.values.end());
    std::int64_t planes = from[0] * from[1];
    if (from[1] != to[1]) {
      values = inputs(std::move(values));
      planes = to[0] * to[1];
    }
    if (from[2] != to[2] || from[3] != to[3]) {
      if (options_.text("kernel") == "refuse") refuse("; kernel=refuse keeps it from being resampled");
      values = resample_kernels(values, planes, from[2], from[3], to[2], to[3], options_.text("kernel"));
    }
    std::ranges::transform(values, out.begin(), [](double value) { return static_cast<float>(value); });
  }

 private:
  std::vector<double> inputs(std::vector<double> values) const {
    const Shape &from = there_.shape, &to = context_.shape;
    const std::string& rule = options_.text("channels");
    if (!context_.place.first) refuse("; input channels are adapted in the first layer only");
    if (context_.groups != 1) refuse("; a first layer with groups cannot be adapted to other channels");
    if (rule == "refuse") refuse("; channels=refuse keeps it from being adapted");
    if (rule == "zero" && to[1] < from[1]) refuse("; channels=zero needs at least the file's channels");
    return adapt_channels(values, from[0], from[1], to[1], from[2] * from[3], rule);
  }

  [[noreturn]] void refuse(std::string_view reason) const {
    source_.refuse(fmt::format("'{}' has shape {}, the network's '{}' {}{}", *source_.name_of(context_.name),
                               to_string(there_.shape), context_.name, to_string(context_.shape),
                               reason.empty() ? "; expected the same, or another kernel size, or other input channels "
                                                "of the first layer"
                                              : reason));
  }

  const SourceReader& source_;
  const Options& options_;
  const WeightContext& context_;
  const Tensor& there_;
};

/// Whether the last layer starts anew.
bool is_new_head(const SourceReader& source, const WeightContext& context, const Options& options) {
  if (!context.place.last || options.text("head") == "copy") return false;
  if (options.text("head") == "base") return true;
  // By the weight's outputs, so that weight and bias agree: a bias that happens to fit is not copied.
  const Shape& layer = context.layer_shape.empty() ? context.shape : context.layer_shape;
  const Tensor* there = source.find(context.name);
  return there != nullptr && !there->shape.empty() && there->shape[0] != layer[0];
}

/// Copied or adapted, or filled by base; false for a parameter that keeps its usual start.
std::optional<Applied> adapt(const WeightContext& context, const Options& options, std::span<float> out) {
  const SourceReader source(options, "from_weights");
  const bool missing = options.text("missing") == "base" && source.find(context.name) == nullptr;
  if (missing || is_new_head(source, context, options)) return fill_by_base(context, options, out);
  Adapter(source, options, context, source.require(context.name)).fill(out);
  return Applied{std::numeric_limits<double>::quiet_NaN()};
}

}  // namespace

Applied from_weights(const WeightContext& context, const Options& options, std::span<float> out) {
  require_matrix(context, "from_weights");
  return *adapt(context, options, out);
}

bool from_weights_others(const WeightContext& context, const Options& options, std::span<float> out) {
  return adapt(context, options, out).has_value();
}

}  // namespace fanin::init::schemes
