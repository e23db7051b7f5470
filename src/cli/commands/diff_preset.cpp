// `fanin diff-preset A B --model M`: where two presets differ on a network.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/values.h"
#include "fanin/adapt/initialize.h"
#include "fanin/data/dataset.h"
#include "fanin/init/effects.h"
#include "fanin/model/builders.h"

namespace fanin::cli {

namespace {

struct Start {
  double std = 0, mean = 0;
  std::string kind;  // "normal" of "normal(0, 0.1)"; empty where no law is known
};

/// What each parameter starts with: the target where the scheme has one, else what was drawn with seed 0.
std::vector<std::pair<std::string, Start>> starts(const model::Graph& graph, const Spec& scheme,
                                                  const adapt::Samples& samples) {
  std::vector<std::pair<std::string, Start>> result;
  adapt::Report report;
  for (const NamedTensor& entry : adapt::initialize(graph, scheme, 0, samples, {}, &report)) {
    double sum = 0, squares = 0;
    for (const float value : entry.tensor.values) sum += value;
    const double count = static_cast<double>(entry.tensor.values.size()), mean = sum / count;
    for (const float value : entry.tensor.values) squares += (value - mean) * (value - mean);
    Start start{std::sqrt(squares / count), mean, ""};
    const auto fill = std::ranges::find(report.fills, entry.name, &init::FillReport::parameter);
    if (fill != report.fills.end() && std::isfinite(fill->target_std)) {
      start = {fill->target_std, std::isfinite(fill->target_mean) ? fill->target_mean : 0,
               fill->law.substr(0, fill->law.find_first_of("(["))};
    }
    result.emplace_back(entry.name, start);
  }
  return result;
}

std::string said(const Start& start) {
  if (!(start.std > 0)) return fmt::format("all {:.5g}", start.mean);
  return fmt::format("{}{}std {:.5g}", start.kind, start.kind.empty() ? "" : ", ", start.std);
}

}  // namespace

int run_diff_preset(const Arguments& arguments) {
  const Spec first = parse_spec(arguments.positionals()[0]), second = parse_spec(arguments.positionals()[1]);
  check_scheme(first);
  check_scheme(second);
  const Spec model = parse_spec(required(arguments, "--model", "a model ('fanin list models' shows them)"));
  check_model(model);
  Shape input = extents(arguments, "--input", {1, 3});
  std::int64_t classes = integer(arguments, "--classes", 2, most_classes);
  data::Dataset dataset;
  data::Split split;
  data::Normalization normalization;
  adapt::Samples samples;
  if (arguments.given("--data")) {
    dataset = data::load_dataset(arguments.text("--data"));
    input = image_shape(dataset);
    classes = dataset.classes();
    split = data::make_split(dataset.train, 0, default_validation_size(dataset), 0);
    normalization = data::compute_normalization(dataset.train);
    samples = adapt::Samples(dataset.train, split.train, normalization);
  }
  const model::Graph graph = model::build_model(model, input, classes);
  const auto a = starts(init::prepare(graph, first), first, samples),
             b = starts(init::prepare(graph, second), second, samples);
  std::vector<std::vector<std::string>> rows = {{"parameter", first.text(), second.text(), "second / first"}};
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Start &left = a[i].second, &right = b[i].second;
    const bool both = left.std > 0 && right.std > 0;
    if (both ? std::abs(right.std / left.std - 1) < 1e-9 && left.kind == right.kind
             : left.std == right.std && left.mean == right.mean) {
      ++same;
      continue;
    }
    rows.push_back({a[i].first, said(left), said(right), both ? fmt::format("{:.4g}", right.std / left.std) : "-"});
  }
  if (rows.size() > 1) fmt::print("{}", table(rows, 0));
  fmt::print("{} of {} parameters start alike, in distribution and scale\n", same, a.size());
  return 0;
}

}  // namespace fanin::cli
