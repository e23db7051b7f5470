// Presets against the frameworks that they are named after: each parameter of each built-in network beside the same
// layer as the installed framework draws it. Skipped where the framework is not installed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "differential/python.h"
#include "fanin/base/error.h"
#include "fanin/formats/npz.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"

namespace fanin {
namespace {

constexpr double z_limit = 5.5;     // two-sided normal, 4e-8
constexpr double ks_limit = 2.693;  // two-sample D sqrt(n m / (n + m)), 1e-6

/// The layer as presets.py reads it; "" for an operator without parameters and for those that frameworks do not have.
std::string layer_key(const model::Graph& graph, const model::Node& node) {
  const Shape& input = graph.value(node.inputs[0]).shape;
  if (const auto* conv = std::get_if<model::Conv2d>(&node.op))
    return fmt::format("conv2d {} {} {} {} {} {}", conv->out_channels, input[0], conv->kernel_h, conv->kernel_w,
                       conv->groups, conv->bias ? 1 : 0);
  if (const auto* linear = std::get_if<model::Linear>(&node.op))
    return fmt::format("linear {} {} {}", linear->out_features, input[0], linear->bias ? 1 : 0);
  if (std::holds_alternative<model::BatchNorm>(node.op)) return fmt::format("batch_norm {}", input[0]);
  if (std::holds_alternative<model::PReLU>(node.op)) return fmt::format("prelu {}", input[0]);
  return "";
}

/// What the built-in networks do not have: groups, depthwise layers, other kernels, a PReLU.
model::Graph single_layers() {
  model::Graph graph("layers", {32, 16, 16});
  model::ValueId x = graph.input();
  x = graph.add("grouped", model::Conv2d{.out_channels = 64, .kernel_h = 3, .kernel_w = 3, .groups = 4}, {x});
  x = graph.add("strided", model::Conv2d{.out_channels = 48, .kernel_h = 3, .kernel_w = 3, .stride_h = 2}, {x});
  x = graph.add("depthwise", model::Conv2d{.out_channels = 48, .kernel_h = 3, .kernel_w = 3, .groups = 48}, {x});
  x = graph.add("norm", model::BatchNorm{}, {x});
  x = graph.add("multiplied",
                model::Conv2d{.out_channels = 96, .kernel_h = 3, .kernel_w = 3, .groups = 48, .bias = false}, {x});
  x = graph.add("slopes", model::PReLU{}, {x});
  x = graph.add("pointwise", model::Conv2d{.out_channels = 40}, {x});
  x = graph.add("rectangular", model::Conv2d{.out_channels = 56, .kernel_h = 1, .kernel_w = 3, .bias = false}, {x});
  x = graph.add("flat", model::Flatten{}, {x});
  x = graph.add("wide", model::Linear{.out_features = 30}, {x});
  graph.add("narrow", model::Linear{.out_features = 200}, {x});
  return graph;
}

/// Every built-in network of less than 30 million parameters: larger ones are made of the same layers.
const std::vector<model::Graph>& networks() {
  static const std::vector<model::Graph> all = [] {
    std::vector<model::Graph> made{single_layers()};
    for (const model::BuilderInfo& row : model::builder_table()) {
      const Spec spec{std::string(row.name), {}};
      std::optional<model::Graph> graph;
      for (const Shape& input : {Shape{3, 32, 32}, Shape{1, 28, 28}, Shape{3, 224, 224}}) {
        try {
          graph = model::build_model(spec, input, 10);
          break;
        } catch (const Error&) {  // this network takes larger images
        }
      }
      if (!graph) {
        ADD_FAILURE() << row.name << " takes none of the inputs";
        continue;
      }
      if (graph->trainable_count() < 30'000'000) made.push_back(*std::move(graph));
    }
    return made;
  }();
  return all;
}

struct Drawn {
  std::vector<double> sample;  // sorted
  double count = 0, mean = 0, std = 0, least = 0, largest = 0;
};

std::vector<double> doubles(const formats::Array& array) {
  std::vector<double> values(array.bytes.size() / sizeof(double));
  std::memcpy(values.data(), array.bytes.data(), values.size() * sizeof(double));
  return values;
}

/// What the framework draws, by "preset:layer:parameter"; empty where it is not installed.
std::map<std::string, Drawn> draw(const std::string& framework, const std::vector<model::Graph>& graphs) {
  std::map<std::string, Drawn> drawn;
  const std::string python = fanin::testing::find_python(framework);
  if (python.empty()) return drawn;
  std::set<std::string> layers;
  for (const model::Graph& graph : graphs)
    for (const model::Node& node : graph.nodes())
      if (std::string key = layer_key(graph, node); !key.empty()) layers.insert(std::move(key));
  const std::filesystem::path folder = std::filesystem::temp_directory_path();
  const auto list = folder / fmt::format("fanin-layers-{}.txt", getpid()),
             file = folder / fmt::format("fanin-layers-{}.npz", getpid());
  {
    std::ofstream out(list);
    for (const std::string& layer : layers) out << layer << '\n';
  }
  const std::string command = fmt::format("'{}' '{}/differential/presets.py' {} '{}' '{}'", python, FANIN_TESTS_DIR,
                                          framework, list.string(), file.string());
  if (std::system(command.c_str()) != 0) throw std::runtime_error("presets.py failed: " + command);
  for (const formats::NamedArray& entry : formats::read_npz(file)) {
    std::vector<double> values = doubles(entry.array);
    if (entry.name.ends_with('#')) {
      Drawn& numbers = drawn[entry.name.substr(0, entry.name.size() - 1)];
      numbers.count = values.at(0), numbers.mean = values.at(1), numbers.std = values.at(2);
      numbers.least = values.at(3), numbers.largest = values.at(4);
    } else {
      std::ranges::sort(values);
      drawn[entry.name].sample = std::move(values);
    }
  }
  std::filesystem::remove(list);
  std::filesystem::remove(file);
  return drawn;
}

/// Kolmogorov's distance of two sorted samples, scaled.
double two_sample_ks(const std::vector<double>& a, const std::vector<double>& b) {
  double distance = 0;
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= x) ++i;
    while (j < b.size() && b[j] <= x) ++j;
    distance = std::max(distance, std::abs(static_cast<double>(i) / n - static_cast<double>(j) / m));
  }
  return distance * std::sqrt(n * m / (n + m));
}

void expect_alike(std::span<const float> values, const std::optional<init::FillReport>& report, const Drawn& theirs) {
  const auto [least, largest] = std::ranges::minmax(values);
  if (theirs.least == theirs.largest || least == largest) {
    EXPECT_EQ(static_cast<double>(least), theirs.least);
    EXPECT_EQ(static_cast<double>(largest), theirs.largest);
    return;
  }
  ASSERT_TRUE(report.has_value());
  const double pairs = 1 / (1 / theirs.count + 1 / static_cast<double>(values.size()));
  EXPECT_LT(std::abs(theirs.mean - report->mean) * std::sqrt(pairs), z_limit * theirs.std);
  // The spread of a standard deviation is below a normal's for all laws that presets have.
  if (std::isfinite(report->target_std)) {
    EXPECT_NEAR(theirs.std / report->target_std, 1, z_limit / std::sqrt(2 * theirs.count));
    EXPECT_NEAR(report->std / report->target_std, 1, z_limit / std::sqrt(2 * static_cast<double>(values.size())));
  }
  std::vector<double> ours;
  for (std::size_t i = 0, step = values.size() / 4096 + 1; i < values.size(); i += step) ours.push_back(values[i]);
  std::ranges::sort(ours);
  EXPECT_LT(two_sample_ks(ours, theirs.sample), ks_limit);
  if (values.size() < 1000 || theirs.count < 1000) return;
  // A uniform ends at 1.73 and a truncated normal at 2.27 standard deviations; a normal has no end.
  // In deviations of the law where there is one: those of two samples differ by some percent.
  const double scale = report->target_std, center = report->target_mean;
  const double our_std = std::isfinite(scale) ? scale : report->std,
               their_std = std::isfinite(scale) ? scale : theirs.std;
  const double our_mean = std::isfinite(center) ? center : report->mean;
  const double their_mean = std::isfinite(center) ? center : theirs.mean;
  const double our_reach = std::max(our_mean - least, largest - our_mean) / our_std;
  const double their_reach = std::max(their_mean - theirs.least, theirs.largest - their_mean) / their_std;
  if (our_reach < 2.5) {
    EXPECT_NEAR(our_reach, their_reach, 0.08);
  } else {
    EXPECT_GT(their_reach, 2.8);
  }
}

/// Every parameter of every network under the preset, beside the framework's.
void compare(const std::string& preset, const std::map<std::string, Drawn>& drawn) {
  std::size_t compared = 0;
  for (const model::Graph& graph : networks()) {
    SCOPED_TRACE(preset + " on " + graph.name());
    std::map<std::string, std::string> layer_of;
    std::set<std::string> branch_ends;
    const std::vector<init::Place> places = init::places(graph);
    for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
      const model::Node& node = graph.nodes()[i];
      for (const model::ParameterId id : node.parameters) {
        layer_of[graph.parameter(id).name] = layer_key(graph, node);
        if (places[i].branch_end) branch_ends.insert(graph.parameter(id).name);
      }
    }
    init::for_each_parameter(
        graph, parse_spec(preset), 1, [&](const NamedTensor& entry, const std::optional<init::FillReport>& report) {
          std::string layer = layer_of.at(entry.name);
          if (layer.empty()) return;
          std::ranges::replace(layer, ' ', '_');
          const std::string parameter = entry.name.substr(entry.name.rfind('.') + 1);
          // timm's rule for the ends of branches is a method of its blocks: compared on its own ResNet below.
          if (preset == "timm-resnet" && layer.starts_with("batch_norm") && branch_ends.contains(entry.name)) return;
          const auto theirs = drawn.find(preset + ":" + layer + ":" + parameter);
          ASSERT_NE(theirs, drawn.end()) << entry.name << ": " << preset << ":" << layer << ":" << parameter;
          SCOPED_TRACE(entry.name + " (" + layer + ")");
          expect_alike(entry.tensor.values, report, theirs->second);
          ++compared;
        });
  }
  ::testing::Test::RecordProperty(preset, static_cast<int>(compared));
  EXPECT_GT(compared, 300u);
}

class PresetsOf : public ::testing::TestWithParam<const char*> {};

TEST_P(PresetsOf, DrawWhatTheFrameworkDraws) {
  const std::string framework = GetParam();
  const std::map<std::string, Drawn> drawn = draw(framework, networks());
  if (drawn.empty()) GTEST_SKIP() << "no Python with " << framework;
  std::set<std::string> presets;
  for (const auto& [name, numbers] : drawn) presets.insert(name.substr(0, name.find(':')));
  presets.erase("alias");
  presets.erase("norms");
  for (const std::string& preset : presets) compare(preset, drawn);
}

TEST(PresetOfTimm, ZeroesTheNormsAtTheEndsOfBranches) {
  const std::map<std::string, Drawn> drawn = draw("timm", {});
  if (drawn.empty()) GTEST_SKIP() << "no Python with timm";
  const model::Graph graph = model::build_model(parse_spec("resnet20"), {3, 32, 32}, 10);
  std::size_t compared = 0;
  init::for_each_parameter(graph, parse_spec("timm-resnet"), 1,
                           [&](const NamedTensor& entry, const std::optional<init::FillReport>&) {
                             const auto theirs = drawn.find("norms:resnet20:" + entry.name);
                             if (theirs == drawn.end()) return;
                             EXPECT_EQ(entry.tensor.values.front(), static_cast<float>(theirs->second.least));
                             EXPECT_EQ(entry.tensor.values.back(), static_cast<float>(theirs->second.largest));
                             ++compared;
                           });
  EXPECT_EQ(compared, 18u);  // two in each of nine blocks
}

class NamesOf : public ::testing::TestWithParam<const char*> {};

TEST_P(NamesOf, DrawWhatTheFrameworkDraws) {
  const std::string framework = GetParam();
  const std::map<std::string, Drawn> drawn = draw(framework, {});
  if (drawn.empty()) GTEST_SKIP() << "no Python with " << framework;
  init::WeightContext context;
  context.name = "conv.weight";
  context.shape = {64, 32, 3, 3};
  context.role = model::Role::weight;
  context.fans = {32 * 9, 64 * 9};
  context.activation = {model::ActivationKind::relu};
  std::vector<float> values(64 * 32 * 9);
  for (const auto& [name, theirs] : drawn) {
    const std::string alias = name.substr(6, name.rfind(':') - 6);  // "alias:ALIAS:weight"
    SCOPED_TRACE(alias);
    const Spec scheme{alias, {}};
    const init::FillReport report = init::fill(scheme, context, values);
    expect_alike(values, report, theirs);
  }
}

const auto by_name = [](const auto& framework) { return std::string(framework.param); };
INSTANTIATE_TEST_SUITE_P(All, PresetsOf, ::testing::Values("torch", "torchvision", "timm", "keras", "flax"), by_name);
INSTANTIATE_TEST_SUITE_P(All, NamesOf, ::testing::Values("torch", "keras", "jax"), by_name);

}  // namespace
}  // namespace fanin
