// `fanin show MODEL`: the network's table, or the program that it is compiled to. Without MODEL: show_data.cpp.
#include <fmt/format.h>

#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/settings.h"
#include "cli/values.h"
#include "fanin/data/dataset.h"
#include "fanin/engine/program.h"
#include "fanin/model/builders.h"

namespace fanin::cli {

int run_show(const Arguments& arguments) {
  if (arguments.positionals().empty()) {
    if (!arguments.given("--data")) throw UsageError("'show' needs MODEL, or --data for a look at a data set");
    return show_data(arguments);
  }
  for (const std::string_view option : {"--augment", "--output", "--write", "--seed"}) {
    if (arguments.given(option))
      throw UsageError(fmt::format("{} shows a data set; expected no MODEL with it", option));
  }
  for (const std::string_view option : {"--verbose", "--batch"})
    if (arguments.given(option) && !arguments.given("--program"))
      throw UsageError(fmt::format("{} is of --program; expected that with it", option));
  const Spec spec = parse_spec(arguments.positionals()[0]);
  check_model(spec);
  if (arguments.given("--data") && (arguments.given("--input") || arguments.given("--classes"))) {
    throw UsageError(
        "--data says the input's shape and the classes already; expected no --input and no --classes with it");
  }
  engine::CompileOptions options;
  options.batch = integer(arguments, "--batch", 1, 65536);
  Shape input = extents(arguments, "--input", {1, 3});
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
