// `fanin show MODEL`: the network's table, or the program that it is compiled to.
#include <fmt/format.h>

#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/settings.h"
#include "cli/values.h"
#include "fanin/data/dataset.h"
#include "fanin/engine/program.h"
#include "fanin/model/builders.h"

namespace fanin::cli {

namespace {

constexpr std::int64_t largest_extent = 65536;
constexpr std::int64_t most_classes = 1'000'000;

/// "3x32x32" or "784".
Shape parse_shape(const std::string& text) {
  const auto refuse = [&]() -> UsageError {
    return UsageError(fmt::format("--input is '{}'; expected CxHxW or a number of features, as in 1x28x28", text));
  };
  Shape shape;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    try {
      shape.push_back(parse_integer(std::string_view(text).substr(at, end - at), "--input"));
    } catch (const Error&) {
      throw refuse();
    }
    if (shape.back() < 1 || shape.back() > largest_extent) throw refuse();
    at = end + 1;
  }
  if (shape.size() != 1 && shape.size() != 3) throw refuse();
  return shape;
}

}  // namespace

int run_show(const Arguments& arguments) {
  const Spec spec = parse_spec(arguments.positionals()[0]);
  check_model(spec);
  if (arguments.given("--data") && (arguments.given("--input") || arguments.given("--classes"))) {
    throw UsageError(
        "--data says the input's shape and the classes already; expected no --input and no --classes with it");
  }
  engine::CompileOptions options;
  options.batch = integer(arguments, "--batch", 1, 65536);
  Shape input = parse_shape(arguments.text("--input"));
  std::int64_t classes = integer(arguments, "--classes", 2, most_classes);
  if (arguments.given("--data")) {
    const data::Dataset dataset = data::load_dataset(arguments.text("--data"));
    input = image_shape(dataset);
    classes = dataset.classes();
  }
  const model::Graph graph = model::build_model(spec, input, classes);
  if (arguments.given("--program")) {
    fmt::print("{}", engine::Program(graph, options).dump(arguments.given("--verbose")));
  } else {
    fmt::print("{}", model::summary(graph));
  }
  return 0;
}

}  // namespace fanin::cli
