// `fanin init`: initial weights as a file, shard by shard where wanted; and the check of such a file.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

#include "cli/commands/commands.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/values.h"
#include "fanin/adapt/initialize.h"
#include "fanin/base/file.h"
#include "fanin/base/float16.h"
#include "fanin/data/dataset.h"
#include "fanin/engine/version.h"
#include "fanin/formats/npz.h"
#include "fanin/formats/safetensors.h"
#include "fanin/init/files.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"

namespace fanin::cli {

namespace {

using formats::ElementType;
using Metadata = std::map<std::string, std::string>;

/// All that decides the weights of a file: what its metadata holds.
struct Recipe {
  Spec scheme;
  std::uint64_t seed = 0;
  std::optional<Spec> model;  // else one tensor
  Shape input, shape;
  std::int64_t classes = 10, groups = 1;
  std::string name, activation;
  std::string data;  // with a network: the data set whose images a scheme may look at; "": none
  std::uint64_t data_checksum = 0;
  std::shared_ptr<const data::Dataset> dataset = {};  // where it has been read already
  std::int64_t shard = 0, shards = 1;
};

ElementType parse_dtype(const std::string& text) {
  static constexpr std::array<std::pair<std::string_view, ElementType>, 4> types = {{{"float32", ElementType::float32},
                                                                                     {"float64", ElementType::float64},
                                                                                     {"bf16", ElementType::bfloat16},
                                                                                     {"half", ElementType::float16}}};
  for (const auto& [name, type] : types)
    if (name == text) return type;
  throw UsageError(fmt::format("--dtype is '{}'; expected float32, float64, bf16 or half", text));
}

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

/// The shard's rows of a tensor: part i of n along the first extent, from floor(i rows / n).
Tensor cut(Tensor tensor, const Recipe& recipe) {
  if (recipe.shards == 1 || tensor.shape.empty()) return tensor;
  const std::int64_t rows = tensor.shape[0], row = element_count(tensor.shape) / std::max<std::int64_t>(1, rows);
  // rows / n and the remainder apart: i rows could overflow
  const auto start = [&](std::int64_t i) {
    return i * (rows / recipe.shards) + i * (rows % recipe.shards) / recipe.shards;
  };
  const std::int64_t from = start(recipe.shard), to = start(recipe.shard + 1);
  Tensor part{tensor.shape, {}};
  part.shape[0] = to - from;
  part.values.assign(tensor.values.begin() + from * row, tensor.values.begin() + to * row);
  return part;
}

formats::Array convert(const Tensor& tensor, ElementType type) {
  formats::Array array{type, tensor.shape, {}};
  array.bytes.resize(tensor.values.size() * formats::element_size(type));
  const auto store = [&]<class T>(T (*round)(float)) {
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      const T value = round(tensor.values[i]);
      std::memcpy(array.bytes.data() + i * sizeof value, &value, sizeof value);
    }
  };
  switch (type) {
    case ElementType::float64:
      store(+[](float value) { return static_cast<double>(value); });
      break;
    case ElementType::bfloat16:
      store(+[](float value) { return to_bfloat16(value); });
      break;
    case ElementType::float16:
      store(+[](float value) { return to_half(value); });
      break;
    default:
      store(+[](float value) { return value; });
  }
  return array;
}

init::WeightContext single_tensor(const Recipe& recipe) {
  init::WeightContext context;
  context.name = recipe.name;
  context.shape = context.layer_shape = recipe.shape;
  context.role = model::Role::weight;
  const auto count = element_count(recipe.shape);
  const double outputs = static_cast<double>(recipe.shape[0]), inputs = static_cast<double>(count / recipe.shape[0]);
  const double taps = inputs / static_cast<double>(recipe.shape[1]);
  context.fans = {inputs, outputs / static_cast<double>(recipe.groups) * taps};
  context.groups = recipe.groups;
  context.activation = {model::parse_activation(recipe.activation)};
  context.seed = recipe.seed;
  context.place.first = true;
  return context;
}

using Take = std::function<void(NamedTensor, std::optional<init::FillReport>)>;

/// Whether the scheme, or one that it starts from, runs the network.
bool runs_network(const Spec& scheme) {
  const init::Needs needs = init::find_scheme(scheme.name).needs;
  return needs == init::Needs::batch || needs == init::Needs::gradient;
}

/// The state of a network under a scheme that runs it: on the images that a training with this seed has.
std::vector<NamedTensor> run_scheme(const model::Graph& graph, const Recipe& recipe, adapt::Report& report) {
  if (recipe.data.empty()) return adapt::initialize(graph, recipe.scheme, recipe.seed, {}, {}, &report);
  const auto read = [&] { return std::make_shared<const data::Dataset>(data::load_dataset(recipe.data)); };
  const std::shared_ptr<const data::Dataset> held = recipe.dataset ? recipe.dataset : read();
  const data::Dataset& dataset = *held;
  if (recipe.data_checksum != 0 && dataset.checksum != recipe.data_checksum)
    throw Error(fmt::format("{} holds other images than those that the weights were made with", recipe.data));
  const data::Split split = data::make_split(dataset.train, 0, default_validation_size(dataset), recipe.seed);
  const data::Normalization normalization = data::compute_normalization(dataset.train);
  const adapt::Samples samples(dataset.train, split.train, normalization);
  return adapt::initialize(graph, recipe.scheme, recipe.seed, samples, {}, &report);
}

/// Draws the parameters one after the other and gives the shard of each.
void draw(const Recipe& recipe, bool warn, const Take& take) {
  const Take shard = [&](NamedTensor tensor, std::optional<init::FillReport> report) {
    take({tensor.name, cut(std::move(tensor.tensor), recipe)}, std::move(report));
  };
  if (recipe.model) {
    const model::Graph graph = model::build_model(*recipe.model, recipe.input, recipe.classes);
    if (warn) warn_of_scheme(graph, recipe.scheme);
    if (!runs_network(recipe.scheme)) {
      init::for_each_parameter(graph, recipe.scheme, recipe.seed, shard);
      return;
    }
    adapt::Report report;
    for (NamedTensor& tensor : run_scheme(graph, recipe, report)) {
      const auto fill = std::ranges::find(report.fills, tensor.name, &init::FillReport::parameter);
      std::optional<init::FillReport> found;
      if (fill != report.fills.end()) found = *fill;
      shard(std::move(tensor), std::move(found));
    }
    for (const std::string& note : report.notes) fmt::print("{}\n", note);
    return;
  }
  const std::int64_t count = element_count(recipe.shape);
  constexpr std::int64_t most = std::int64_t{1} << 36;
  if (count > most)
    throw Error(fmt::format("a tensor of shape {} has {} elements; at most {} are supported", to_string(recipe.shape),
                            count, most));
  NamedTensor entry{recipe.name, {recipe.shape, std::vector<float>(static_cast<std::size_t>(count))}};
  init::FillReport report = init::fill(recipe.scheme, single_tensor(recipe), entry.tensor.values);
  shard(std::move(entry), std::move(report));
}

Metadata to_metadata(const Recipe& recipe) {
  Metadata data = {{"fanin.scheme", recipe.scheme.text()},
                   {"fanin.seed", std::to_string(recipe.seed)},
                   {"fanin.shard", fmt::format("{}/{}", recipe.shard, recipe.shards)}};
  if (const std::string contents = init::contents_checksum(recipe.scheme); !contents.empty())
    data["fanin.contents"] = contents;
  if (recipe.model) {
    data["fanin.model"] = recipe.model->text();
    data["fanin.input"] = to_string(recipe.input);
    data["fanin.classes"] = std::to_string(recipe.classes);
    if (runs_network(recipe.scheme)) data["fanin.instruction_set"] = engine::instruction_set();
    if (!recipe.data.empty()) {
      data["fanin.data"] = recipe.data;
      data["fanin.data_checksum"] = std::to_string(recipe.data_checksum);
    }
  } else {
    data["fanin.shape"] = to_string(recipe.shape);
    data["fanin.name"] = recipe.name;
    data["fanin.groups"] = std::to_string(recipe.groups);
    data["fanin.activation"] = recipe.activation;
  }
  return data;
}

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

Recipe from_metadata(const Metadata& data, const std::string& file) {
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
  parse_shard(text("shard"), recipe);
  if (data.contains("fanin.model")) {
    recipe.model = parse_spec(text("model"));
    recipe.input = shape_of(text("input"), named("input"));
    recipe.classes = parse_integer(text("classes"), named("classes"));
    if (data.contains("fanin.data")) {
      recipe.data = text("data");
      recipe.data_checksum = parse_unsigned(text("data_checksum"), named("data_checksum"));
    }
  } else {
    recipe.shape = shape_of(text("shape"), named("shape"));
    if (recipe.shape.size() < 2) throw Error(fmt::format("{}: fanin.shape is no weight's shape", file));
    recipe.name = text("name");
    recipe.groups = parse_integer(text("groups"), named("groups"));
    recipe.activation = text("activation");
  }
  if (recipe.groups < 1) throw Error(fmt::format("{}: fanin.groups is {}; expected 1 or more", file, recipe.groups));
  return recipe;
}

/// The file that the scheme read must still be the same, or a comparison says nothing.
void require_same_contents(const Recipe& recipe, const Metadata& data, const std::string& file) {
  const std::string here = init::contents_checksum(recipe.scheme);
  const auto there = data.find("fanin.contents");
  if (here.empty() || (there != data.end() && there->second == here)) return;
  throw Error(fmt::format("{}: the file of '{}' has changed since these weights were made (its checksum was {}, is {})",
                          file, recipe.scheme.text(), there == data.end() ? "not kept" : there->second, here));
}

int check(const std::string& file) {
  const formats::Safetensors content = formats::read_safetensors(file);
  const Recipe recipe = from_metadata(content.metadata, file);
  const init::SchemeFiles files(recipe.scheme);
  require_same_contents(recipe, content.metadata, file);
  std::size_t seen = 0;
  std::int64_t wrong = 0;
  draw(recipe, false, [&](NamedTensor tensor, const std::optional<init::FillReport>&) {
    const auto found = std::ranges::find(content.arrays, tensor.name, &formats::NamedArray::name);
    if (found == content.arrays.end()) {
      ++wrong;
      fmt::print("{}: missing\n", tensor.name);
      return;
    }
    ++seen;
    const formats::Array& stored = found->array;
    if (stored.shape != tensor.tensor.shape) {
      ++wrong;
      fmt::print("{}: has shape {}; the scheme gives {}\n", tensor.name, to_string(stored.shape),
                 to_string(tensor.tensor.shape));
      return;
    }
    const formats::Array wanted = convert(tensor.tensor, stored.type);
    if (wanted.type != stored.type || wanted.bytes == stored.bytes) return;
    ++wrong;
    const std::size_t size = formats::element_size(stored.type);
    std::size_t different = 0;
    for (std::size_t at = 0; at < stored.bytes.size(); at += size)
      different += std::memcmp(stored.bytes.data() + at, wanted.bytes.data() + at, size) != 0;
    fmt::print("{}: {} of {} values differ\n", tensor.name, different, stored.bytes.size() / size);
  });
  if (seen < content.arrays.size()) {
    ++wrong;
    fmt::print("{} tensors of the file are not the network's\n", content.arrays.size() - seen);
  }
  fmt::print("{}: {}\n", file,
             wrong == 0
                 ? fmt::format("all {} tensors are those of {} with seed {}", seen, recipe.scheme.text(), recipe.seed)
                 : fmt::format("{} differences from {} with seed {}", wrong, recipe.scheme.text(), recipe.seed));
  const auto machine = content.metadata.find("fanin.instruction_set");
  if (wrong > 0 && machine != content.metadata.end() && machine->second != engine::instruction_set())
    fmt::print("a scheme that runs the network gives other last bits on {} than on {}, where the file was made\n",
               engine::instruction_set(), machine->second);
  return wrong == 0 ? 0 : 1;
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
  std::erase_if(recipe.scheme.options, [](const auto& option) { return option.first == "batch"; });
  recipe.scheme.options.emplace_back("batch", std::to_string(batch));
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
  }
  check_scheme(recipe.scheme);
  recipe.seed = seed(arguments);
  if (arguments.given("--batch") && !arguments.given("--data"))
    throw UsageError("--batch says how many images of --data a scheme looks at; expected --data with it");
  parse_shard(arguments.text("--shard"), recipe);
  if (arguments.given("--model") == arguments.given("--shape"))
    throw UsageError("init needs either --model, a network, or --shape, one tensor");
  if (arguments.given("--model")) {
    recipe.model = parse_spec(arguments.text("--model"));
    check_model(*recipe.model);
    recipe.input = extents(arguments, "--input", {1, 3});
    recipe.classes = integer(arguments, "--classes", 2, most_classes);
    if (arguments.given("--data")) take_data(arguments, recipe);
  } else {
    if (arguments.given("--data")) throw UsageError("--data goes with --model; expected no --shape with it");
    recipe.shape = extents(arguments, "--shape", {2, 3, 4, 5});
    recipe.name = arguments.text("--name");
    if (recipe.name.empty()) throw UsageError("--name is empty; expected the tensor's name");
    recipe.groups = integer(arguments, "--groups", 1, recipe.shape[0]);
    recipe.activation = arguments.text("--activation");
    model::parse_activation(recipe.activation);
  }
  return recipe;
}

std::vector<std::string> report_row(const init::FillReport& report, std::uint64_t seed) {
  const auto number = [](double value) { return fmt::format("{:.6g}", value); };
  const bool target = report.target_std == report.target_std;
  return {report.parameter,
          number(report.fan_in),
          number(report.fan_out),
          number(report.gain),
          target ? number(report.target_std) : "-",
          number(report.std),
          number(report.mean),
          number(report.minimum),
          number(report.maximum),
          fmt::format("{:016x}", random::make_stream(seed, report.parameter, random::Purpose::initialize).key)};
}

/// What --report prints: a row a parameter that the scheme fills; of a policy every parameter, with its line.
class ReportTable {
 public:
  explicit ReportTable(const Recipe& recipe) : seed_(recipe.seed), policy_(recipe.scheme.name == "policy") {
    rows_ = {{"parameter", "fan_in", "fan_out", "gain", "target std", "std", "mean", "min", "max", "key"}};
    if (policy_) rows_[0].insert(rows_[0].begin() + 1, {"line", "scheme"});
  }
  void add(const std::string& parameter, const std::optional<init::FillReport>& report) {
    if (report) {
      rows_.push_back(report_row(*report, seed_));
      if (policy_) rows_.back().insert(rows_.back().begin() + 1, {report->rule, report->scheme});
    } else if (policy_) {
      rows_.push_back({parameter, "none", "its usual start"});
      rows_.back().resize(rows_[0].size());
    }
  }
  void print() const { fmt::print("{}", table(rows_, 0)); }

 private:
  std::uint64_t seed_;
  bool policy_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace

int run_init(const Arguments& arguments) {
  if (arguments.given("--check")) {
    for (const std::string_view other : {"--init", "--preset", "--policy", "--model", "--shape", "--output"})
      if (arguments.given(other))
        throw UsageError(fmt::format("--check takes all from the file; expected no {} with it", other));
    return check(arguments.text("--check"));
  }
  const Recipe recipe = recipe_of(arguments);
  const init::SchemeFiles files(recipe.scheme);  // one reading for the weights and the checksum beside them
  const ElementType type = parse_dtype(arguments.text("--dtype"));
  const std::filesystem::path path = required(arguments, "--output", "a file: .safetensors, .npz or .raw");
  const std::string format = path.extension().string();
  if (format != ".safetensors" && format != ".npz" && format != ".raw")
    throw UsageError(
        fmt::format("--output is '{}'; expected a name that ends in .safetensors, .npz or .raw", path.string()));
  if (format == ".npz" && type == ElementType::bfloat16)
    throw UsageError("--dtype is 'bf16', which NumPy's files do not have; expected another type or .safetensors");

  formats::Safetensors content{{}, to_metadata(recipe)};
  ReportTable report_table(recipe);
  draw(recipe, true, [&](NamedTensor tensor, const std::optional<init::FillReport>& report) {
    report_table.add(tensor.name, report);
    content.arrays.push_back({std::move(tensor.name), convert(tensor.tensor, type)});
  });
  if (format == ".safetensors") {
    formats::write_safetensors(path, content);
  } else if (format == ".npz") {
    formats::write_npz(path, content.arrays);
  } else {
    std::vector<std::uint8_t> bytes;
    for (const formats::NamedArray& entry : content.arrays)
      bytes.insert(bytes.end(), entry.array.bytes.begin(), entry.array.bytes.end());
    write_file_atomically(path, bytes);
  }
  if (arguments.given("--report")) report_table.print();
  return 0;
}

}  // namespace fanin::cli
