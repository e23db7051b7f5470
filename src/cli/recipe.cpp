#include "cli/recipe.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/registry.h"
#include "cli/settings.h"
#include "cli/values.h"
#include "fanin/base/nearest.h"
#include "fanin/base/utf8.h"
#include "fanin/engine/version.h"
#include "fanin/init/effects.h"
#include "fanin/init/files.h"
#include "fanin/init/layer.h"
#include "fanin/model/builders.h"
#include "fanin/random/compat.h"

namespace fanin::cli {

namespace {

/// "I/N" with 0 <= I < N.
void parse_shard(const std::string& text, Recipe& recipe) {
  const auto refuse = [&]() -> UsageError {
    return UsageError(fmt::format("--shard is '{}'; expected I/N with I from 0 to N - 1, as in 0/4", text));
  };
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) throw refuse();
  try {
    recipe.shard = parse_integer(std::string_view(text).substr(0, slash), "--shard");
    recipe.shards = parse_integer(std::string_view(text).substr(slash + 1), "--shard");
  } catch (const Error&) {
    throw refuse();
  }
  if (recipe.shards < 1 || recipe.shards > 1'000'000 || recipe.shard < 0 || recipe.shard >= recipe.shards)
    throw refuse();
}

/// Extents with an x between; none below 1.
Shape shape_of(std::string_view text, std::string_view what) {
  Shape shape;
  while (true) {
    const std::size_t end = text.find('x');
    shape.push_back(parse_integer(text.substr(0, end), what));
    if (shape.back() < 1) throw Error(fmt::format("{} is '{}'; expected extents above 0", what, text));
    if (end == std::string_view::npos) return shape;
    text.remove_prefix(end + 1);
  }
}

/// Any scheme will do; a name that is none is taken for a misspelt preset.
void check_preset(const std::string& name) {
  try {
    init::find_scheme(name);
  } catch (const Error&) {
    std::vector<std::string> names;
    for (const init::SchemeInfo& row : init::scheme_table())
      if (is_preset(row.name)) names.emplace_back(row.name);
    throw UsageError(unknown_name_message("preset", name, names));
  }
}

/// "fanin" is no foreign stream.
std::string stream_of(const std::string& text) {
  if (text == "fanin") return "";
  std::vector<std::string> names = {"fanin"};
  for (const random::compat::StreamInfo& row : random::compat::stream_table()) {
    if (row.name == text) return text;
    names.emplace_back(row.name);
  }
  throw UsageError(unknown_name_message("stream", text, names));
}

init::Layer layer_of(const Recipe& recipe) {
  init::Layer layer;
  layer.kind = recipe.shape.size() == 2 ? init::LayerKind::linear : init::LayerKind::convolution;
  layer.shape = recipe.shape;
  layer.groups = recipe.groups;
  layer.stride = recipe.stride;
  layer.transposed = recipe.transposed;
  layer.fused = recipe.fused;
  return layer;
}

/// A spec of the command line or of a file, "leaky_relu:alpha=0.2"; prelu is the leaky ReLU that it starts as.
model::Activation activation_of(const std::string& text) {
  static constexpr OptionInfo alpha[] = {{"alpha", OptionKind::number, "0.01", -1e6, 1e6, "", "the slope below 0"}};
  const Spec spec = parse_spec(text);
  const bool prelu = spec.name == "prelu";
  const model::ActivationKind kind = prelu ? model::ActivationKind::leaky_relu : model::parse_activation(spec.name);
  const bool sloped = kind == model::ActivationKind::leaky_relu || kind == model::ActivationKind::elu;
  const Options options(spec, std::span(alpha).first(sloped ? 1 : 0), fmt::format("activation '{}'", spec.name));
  model::Activation activation{kind, prelu ? 0.25 : model::default_alpha(kind)};
  if (sloped && options.given("alpha")) activation.alpha = options.number("alpha");
  return activation;
}

init::WeightContext single_tensor(const Recipe& recipe) {
  const model::Activation activation = activation_of(recipe.activation);
  if (recipe.shape.size() > 1) return init::layer_context(layer_of(recipe), recipe.name, recipe.seed, activation);
  init::WeightContext vector;  // no layer has such a weight: schemes with fans refuse it
  vector.name = recipe.name;
  vector.shape = vector.layer_shape = recipe.shape;
  vector.role = model::Role::weight;
  vector.seed = recipe.seed;
  return vector;
}

/// A tensor's name goes into files that others unpack: no way out of a folder, no control characters.
void check_name(const std::string& name) {
  const bool rooted = name.starts_with('/'), climbs = ("/" + name + "/").find("/../") != std::string::npos;
  const bool control = std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (name.empty() || rooted || climbs || control || name.find('\\') != std::string::npos || !is_utf8(name))
    throw UsageError(fmt::format(
        "--name is '{}'; expected a tensor's name in UTF-8 that leads out of no folder, as in conv1.weight", name));
}

/// Input and classes are the data's; the data itself is kept for schemes that look at it.
void take_data(const Arguments& arguments, Recipe& recipe) {
  for (const std::string_view other : {"--input", "--classes"})
    if (arguments.given(other))
      throw UsageError(fmt::format("--data says the input's shape and the classes; expected no {} with it", other));
  recipe.dataset = std::make_shared<const data::Dataset>(data::load_dataset(arguments.text("--data")));
  const data::Dataset& dataset = *recipe.dataset;
  recipe.input = image_shape(dataset);
  recipe.classes = dataset.classes();
  if (runs_network(recipe.scheme)) {
    recipe.data = arguments.text("--data");
    recipe.data_checksum = dataset.checksum;
  }
  if (!arguments.given("--batch")) return;
  const std::int64_t batch = integer(arguments, "--batch", 1, 65536);
  const auto rows = init::find_scheme(recipe.scheme.name).options;
  if (std::ranges::find(rows, "batch", &OptionInfo::key) == rows.end())
    throw UsageError(fmt::format("--batch is given, but scheme '{}' has no batch", recipe.scheme.name));
  if (std::ranges::find(recipe.scheme.options, "batch", &std::pair<std::string, std::string>::first) !=
      recipe.scheme.options.end())
    throw UsageError(fmt::format("--batch and the option batch of '{}' say the same thing; expected one of them",
                                 recipe.scheme.text()));
  recipe.scheme.options.emplace_back("batch", std::to_string(batch));
}

}  // namespace

namespace {

/// The file that the scheme read must still be the same, or a comparison says nothing.
void require_same_contents(const Recipe& recipe, const Metadata& data, const std::string& file) {
  const std::string here = init::contents_checksum(recipe.scheme);
  const auto there = data.find("fanin.contents");
  if (here.empty() || (there != data.end() && there->second == here)) return;
  throw Error(fmt::format("{}: the file of '{}' has changed since these weights were made (its checksum was {}, is {})",
                          file, recipe.scheme.text(), there == data.end() ? "not kept" : there->second, here));
}

}  // namespace

bool runs_network(const Spec& scheme) {
  const init::Needs needs = init::find_scheme(scheme.name).needs;
  return needs == init::Needs::batch || needs == init::Needs::gradient;
}

Recipe recipe_of(const Arguments& arguments) {
  Recipe recipe;
  if (arguments.given("--init") + arguments.given("--preset") + arguments.given("--policy") > 1)
    throw UsageError("--init, --preset and --policy say the same thing; expected one of them");
  if (arguments.given("--policy")) {
    if (arguments.text("--policy").find(',') != std::string::npos)  // it would end the option in the scheme's text
      throw UsageError(fmt::format("--policy is '{}'; expected a path without a comma", arguments.text("--policy")));
    recipe.scheme = parse_spec("policy:file=" + arguments.text("--policy"));
  } else {
    const std::string_view option = arguments.given("--preset") ? "--preset" : "--init";
    recipe.scheme = parse_spec(required(arguments, option, "a scheme ('fanin list schemes' shows them)"));
    if (arguments.given("--preset")) check_preset(recipe.scheme.name);
  }
  check_scheme(recipe.scheme);
  recipe.seed = seed(arguments);
  recipe.stream = stream_of(arguments.text("--stream"));
  if (!recipe.stream.empty() && runs_network(recipe.scheme))
    throw UsageError(
        fmt::format("scheme '{}' runs the network from Fanin's own stream; expected no --stream", recipe.scheme.name));
  if (arguments.given("--batch") && !arguments.given("--data"))
    throw UsageError("--batch says how many images of --data a scheme looks at; expected --data with it");
  parse_shard(arguments.text("--shard"), recipe);
  if (!recipe.stream.empty() && recipe.shards > 1)
    throw UsageError(
        fmt::format("--shard needs a stream that is addressed by index; '{}' is a sequence, of which each value "
                    "depends on all before it: expected --stream fanin, or no --shard",
                    recipe.stream));
  if (arguments.given("--model") == arguments.given("--shape"))
    throw UsageError("init needs either --model, a network, or --shape, one tensor");
  if (arguments.given("--model")) {
    for (const std::string_view other : {"--name", "--groups", "--stride", "--transposed", "--fused", "--activation"})
      if (arguments.given(other))
        throw UsageError(fmt::format("{} describes one tensor's layer; expected --shape with it, not --model", other));
    recipe.model = parse_spec(arguments.text("--model"));
    check_model(*recipe.model);
    recipe.input = extents(arguments, "--input", {1, 3});
    recipe.classes = integer(arguments, "--classes", 2, most_classes);
    if (arguments.given("--data")) take_data(arguments, recipe);
    return recipe;
  }
  for (const std::string_view other : {"--data", "--input", "--classes"})
    if (arguments.given(other))
      throw UsageError(fmt::format("{} goes with --model; expected no --shape with it", other));
  recipe.shape = extents(arguments, "--shape", {1, 2, 3, 4, 5, 6, 7, 8});
  recipe.name = arguments.text("--name");
  check_name(recipe.name);
  recipe.groups = integer(arguments, "--groups", 1, recipe.shape[0]);
  recipe.fused = integer(arguments, "--fused", 1, recipe.shape[0]);
  recipe.transposed = arguments.given("--transposed");
  if (arguments.given("--stride")) recipe.stride = shape_of(arguments.text("--stride"), "--stride");
  recipe.activation = arguments.text("--activation");
  activation_of(recipe.activation);
  return recipe;
}

namespace {

Recipe parse_metadata(const Metadata& data, const std::string& file) {
  const auto text = [&](const std::string& key) -> const std::string& {
    const auto found = data.find("fanin." + key);
    if (found == data.end())
      throw Error(
          fmt::format("{}: the metadata has no 'fanin.{}'; expected a file that 'fanin init' wrote", file, key));
    return found->second;
  };
  const auto named = [&](std::string_view key) { return fmt::format("{}: fanin.{}", file, key); };
  Recipe recipe;
  recipe.scheme = parse_spec(text("scheme"));
  recipe.seed = parse_unsigned(text("seed"), named("seed"));
  require_same_contents(recipe, data, file);
  if (data.contains("fanin.stream")) recipe.stream = stream_of(text("stream"));
  parse_shard(text("shard"), recipe);
  if (data.contains("fanin.model")) {
    recipe.model = parse_spec(text("model"));
    recipe.input = shape_of(text("input"), named("input"));
    recipe.classes = parse_integer(text("classes"), named("classes"));
    if (data.contains("fanin.data")) {
      recipe.data = text("data");
      recipe.data_checksum = parse_unsigned(text("data_checksum"), named("data_checksum"));
    }
    return recipe;
  }
  recipe.shape = shape_of(text("shape"), named("shape"));
  recipe.name = text("name");
  recipe.activation = text("activation");
  recipe.groups = parse_integer(text("groups"), named("groups"));
  if (data.contains("fanin.fused")) recipe.fused = parse_integer(text("fused"), named("fused"));
  if (data.contains("fanin.stride")) recipe.stride = shape_of(text("stride"), named("stride"));
  recipe.transposed = data.contains("fanin.transposed");
  return recipe;
}

}  // namespace

Recipe recipe_of(const Metadata& data, const std::string& file) {
  try {
    return parse_metadata(data, file);
  } catch (const Error& error) {  // a name that is misspelt there is the file's mistake, not the command's
    if (std::string_view(error.what()).starts_with(file)) throw;
    throw Error(fmt::format("{}: {}", file, error.what()));
  }
}

Metadata to_metadata(const Recipe& recipe) {
  Metadata data = {{"fanin.scheme", recipe.scheme.text()},
                   {"fanin.seed", std::to_string(recipe.seed)},
                   {"fanin.shard", fmt::format("{}/{}", recipe.shard, recipe.shards)}};
  if (const std::string contents = init::contents_checksum(recipe.scheme); !contents.empty())
    data["fanin.contents"] = contents;
  if (!recipe.stream.empty()) data["fanin.stream"] = recipe.stream;
  if (recipe.model) {
    data["fanin.model"] = recipe.model->text();
    data["fanin.input"] = to_string(recipe.input);
    data["fanin.classes"] = std::to_string(recipe.classes);
    if (runs_network(recipe.scheme)) data["fanin.instruction_set"] = engine::instruction_set();
    if (!recipe.data.empty()) {
      data["fanin.data"] = recipe.data;
      data["fanin.data_checksum"] = std::to_string(recipe.data_checksum);
    }
    return data;
  }
  data["fanin.shape"] = to_string(recipe.shape);
  data["fanin.name"] = recipe.name;
  data["fanin.groups"] = std::to_string(recipe.groups);
  data["fanin.activation"] = recipe.activation;
  if (!recipe.stride.empty()) data["fanin.stride"] = to_string(recipe.stride);
  if (recipe.transposed) data["fanin.transposed"] = "true";
  if (recipe.fused > 1) data["fanin.fused"] = std::to_string(recipe.fused);
  return data;
}

model::Graph network_of(const Recipe& recipe) {
  return init::prepare(model::build_model(*recipe.model, recipe.input, recipe.classes), recipe.scheme);
}

std::vector<init::Source> sources_of(const Recipe& recipe) {
  if (recipe.model) return init::sources(network_of(recipe), recipe.scheme, recipe.seed);
  const std::int64_t count = element_count(recipe.shape);
  constexpr std::int64_t most = std::int64_t{1} << 36;
  if (count > most)
    throw Error(fmt::format("a tensor of shape {} has {} elements; at most {} are supported", to_string(recipe.shape),
                            count, most));
  if (init::find_scheme(recipe.scheme.name).name == "policy") {  // the line that matches fills
    const init::WeightContext context = single_tensor(recipe);
    std::vector<init::Source> by_line;
    by_line.emplace_back(
        recipe.scheme, context,
        [scheme = recipe.scheme](const init::WeightContext& own, std::span<float> out) {
          return std::optional<init::FillReport>(init::fill(scheme, own, out));
        },
        0.0);
    return by_line;
  }
  std::vector<init::Source> one;
  one.emplace_back(recipe.scheme, single_tensor(recipe));
  if (recipe.fused > 1 && !one[0].law())
    throw Error(
        fmt::format("scheme '{}' computes a tensor as a whole, which {} fused blocks are not; expected a call "
                    "for each block",
                    recipe.scheme.name, recipe.fused));
  return one;
}

Part part_of(const Recipe& recipe, const Shape& shape) {
  const auto count = static_cast<std::uint64_t>(element_count(shape));
  if (recipe.shards == 1 || shape.empty()) return {shape, 0, count};
  const std::int64_t rows = shape[0], row = element_count(shape) / std::max<std::int64_t>(1, rows);
  // rows / n and the remainder apart: i rows could overflow
  const auto start = [&](std::int64_t i) {
    return i * (rows / recipe.shards) + i * (rows % recipe.shards) / recipe.shards;
  };
  const std::int64_t from = start(recipe.shard), to = start(recipe.shard + 1);
  Part part{shape, static_cast<std::uint64_t>(from * row), static_cast<std::uint64_t>((to - from) * row)};
  part.shape[0] = to - from;
  return part;
}

std::string warning(const Recipe& recipe) {
  if (recipe.model || recipe.scheme.name != "textbook_xavier" || recipe.shape.size() < 3) return "";
  const model::Fans fans = init::layer_fans(layer_of(recipe));
  return fmt::format(
      "textbook_xavier takes shape[0] + shape[1] = {} of {}, which are not its fans ({:g} in, {:g} out): the variance "
      "is {:g} times that of xavier_normal",
      recipe.shape[0] + recipe.shape[1], to_string(recipe.shape), fans.in, fans.out,
      (fans.in + fans.out) / static_cast<double>(recipe.shape[0] + recipe.shape[1]));
}

}  // namespace fanin::cli
