// `fanin init`: initial weights as a file, shard by shard where wanted; and the check of such a file.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "cli/commands/commands.h"
#include "cli/drawing.h"
#include "cli/element_types.h"
#include "cli/recipe.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/values.h"
#include "cli/weights_file.h"
#include "fanin/engine/version.h"
#include "fanin/formats/safetensors.h"
#include "fanin/init/effects.h"
#include "fanin/init/files.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"

namespace fanin::cli {

namespace {

using formats::ElementType;

ElementType parse_dtype(const std::string& text) {
  static constexpr std::array<std::pair<std::string_view, ElementType>, 4> types = {{{"float32", ElementType::float32},
                                                                                     {"float64", ElementType::float64},
                                                                                     {"bf16", ElementType::bfloat16},
                                                                                     {"half", ElementType::float16}}};
  for (const auto& [name, type] : types)
    if (name == text) return type;
  throw UsageError(fmt::format("--dtype is '{}'; expected float32, float64, bf16 or half", text));
}

std::string number(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.6g}", value);
}

std::vector<std::string> report_head() {
  return {"parameter", "fan_in",     "fan_out", "gain", "law", "target mean",
          "mean",      "target std", "std",     "min",  "max", "key"};
}

std::vector<std::string> report_row(const init::FillReport& report) {
  return {report.parameter,
          number(report.fan_in),
          number(report.fan_out),
          number(report.gain),
          report.law.empty() ? "-" : report.law,
          number(report.target_mean),
          number(report.mean),
          number(report.target_std),
          number(report.std),
          number(report.minimum),
          number(report.maximum),
          fmt::format("{:016x}", report.key)};
}

/// Writes all tensors and gives the rows of the report, in the network's order: one for each parameter that the scheme
/// fills; of a policy every parameter, with its line.
template <class T>
std::vector<std::vector<std::string>> write_all(const Recipe& recipe, ElementType type,
                                                const std::filesystem::path& path, bool with_report) {
  Drawing<T> drawing(recipe);
  const bool policy = recipe.scheme.name == "policy";
  std::vector<formats::TensorInfo> infos;
  for (std::size_t i = 0; i < drawing.size(); ++i)
    infos.push_back({drawing.name(i), type, part_of(recipe, drawing.shape(i)).shape});
  std::vector<std::vector<std::string>> rows(drawing.size());
  std::vector<std::string> head = report_head();
  if (policy) head.insert(head.begin() + 1, {"line", "scheme"});
  const std::unique_ptr<WeightsFile> file = open_weights(path, std::move(infos), to_metadata(recipe));
  for (const std::size_t index : file->order()) {
    init::Measured measured;
    drawing.draw(index, [&](std::uint64_t, std::span<const T> values) {
      if (with_report) measured.add(values);
      file->write(bytes_of(values));
    });
    if (!with_report || measured.count() == 0) continue;
    if (const auto report = drawing.report(index, measured)) {
      rows[index] = report_row(*report);
      if (policy) rows[index].insert(rows[index].begin() + 1, {report->rule, report->scheme});
    } else if (policy) {
      rows[index] = {drawing.name(index), "none", "its usual start"};
      rows[index].resize(head.size());
    }
  }
  file->finish();
  for (const std::string& note : drawing.notes()) fmt::print("{}\n", note);
  std::erase_if(rows, [](const auto& row) { return row.empty(); });
  rows.insert(rows.begin(), std::move(head));
  return rows;
}

/// The number of values of a stored part that differ from the drawn ones.
template <class T>
std::size_t differences(std::span<const std::uint8_t> stored, std::span<const T> wanted) {
  const std::span<const std::uint8_t> bytes = bytes_of(wanted);
  if (std::ranges::equal(stored, bytes)) return 0;
  std::size_t different = 0;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(T))
    different += std::memcmp(stored.data() + at, bytes.data() + at, sizeof(T)) != 0;
  return different;
}

/// Compares the file's tensors with the recipe's, which are of its type; prints each difference.
template <class T>
struct Comparison {
  const formats::Safetensors& content;
  const Recipe& recipe;
  std::size_t seen = 0;
  std::int64_t wrong = 0;

  void run(ElementType type) {
    Drawing<T> drawing(recipe);
    for (std::size_t i = 0; i < drawing.size(); ++i) {
      const auto found = std::ranges::find(content.arrays, drawing.name(i), &formats::NamedArray::name);
      if (found == content.arrays.end()) {
        differs("{}: missing\n", drawing.name(i));
        continue;
      }
      ++seen;
      const formats::Array& stored = found->array;
      const Shape wanted = part_of(recipe, drawing.shape(i)).shape;
      if (stored.shape != wanted) {
        differs("{}: has shape {}; the scheme gives {}\n", drawing.name(i), to_string(stored.shape), to_string(wanted));
        continue;
      }
      if (stored.type != type) {
        differs("{}: has type {}; the file's others have {}\n", drawing.name(i), formats::to_string(stored.type),
                formats::to_string(type));
        continue;
      }
      std::size_t different = 0;
      drawing.draw(i, [&](std::uint64_t first, std::span<const T> values) {
        different += differences(std::span(stored.bytes).subspan(first * sizeof(T), values.size_bytes()), values);
      });
      if (different > 0)
        differs("{}: {} of {} values differ\n", drawing.name(i), different, stored.bytes.size() / sizeof(T));
    }
  }

  template <class... Arguments>
  void differs(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    ++wrong;
    fmt::print(text, std::forward<Arguments>(arguments)...);
  }
};

int check(const std::string& file) {
  const std::filesystem::path ending = std::filesystem::path(file).extension();
  if (ending == ".npz" || ending == ".raw")
    throw UsageError(fmt::format("--check is '{}'; expected a safetensors file, which says what made it", file));
  const formats::Safetensors content = formats::read_safetensors(file);
  const Recipe recipe = recipe_of(content.metadata, file);
  const init::SchemeFiles files(recipe.scheme);
  const ElementType type = content.arrays.empty() ? ElementType::float32 : content.arrays[0].array.type;
  if (!is_weight_type(type))
    throw Error(fmt::format("{}: '{}' has type {}; expected weights, which are floats", file, content.arrays[0].name,
                            formats::to_string(type)));
  std::size_t seen = 0;
  std::int64_t wrong = 0;
  with_type(type, [&]<class T>() {
    Comparison<T> comparison{content, recipe};
    comparison.run(type);
    seen = comparison.seen;
    wrong = comparison.wrong;
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

/// --threads, or all processors.
int thread_count(const Arguments& arguments) {
  if (arguments.given("--threads")) return static_cast<int>(integer(arguments, "--threads", 1, 1024));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

int run_init(const Arguments& arguments) {
  const random::FillThreads threads(thread_count(arguments));
  if (arguments.given("--check")) {
    for (const std::string_view other :
         {"--init",   "--preset",     "--policy", "--model",  "--input",  "--classes", "--data",
          "--batch",  "--shape",      "--name",   "--groups", "--stride", "--fused",   "--seed",
          "--stream", "--activation", "--output", "--dtype",  "--report", "--shard",   "--transposed"})
      if (arguments.given(other))
        throw UsageError(fmt::format("--check takes all from the file; expected no {} with it", other));
    return check(arguments.text("--check"));
  }
  const Recipe recipe = recipe_of(arguments);
  const init::SchemeFiles files(recipe.scheme);  // one reading for the weights and the checksum beside them
  const ElementType type = parse_dtype(arguments.text("--dtype"));
  const std::filesystem::path path = required(arguments, "--output", "a file: .safetensors, .npz or .raw");
  check_weights_name(path, type);
  if (const std::string text = warning(recipe); !text.empty()) fmt::print(stderr, "fanin: warning: {}\n", text);
  if (recipe.model) warn_of_scheme(model::build_model(*recipe.model, recipe.input, recipe.classes), recipe.scheme);
  const auto rows =
      with_type(type, [&]<class T>() { return write_all<T>(recipe, type, path, arguments.given("--report")); });
  if (arguments.given("--report")) {
    fmt::print("{}", table(rows, 0));
    if (recipe.model) fmt::print("{}", init::describe_learning_rates(network_of(recipe), recipe.scheme));
    if (const std::string_view also = init::find_scheme(recipe.scheme.name).also; !also.empty())
      fmt::print("{}: {}\n", recipe.scheme.name, also);
  }
  return 0;
}

}  // namespace fanin::cli
