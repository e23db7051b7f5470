// Multilayer perceptron: flatten, then `layers` times linear and activation, then the logits.
#include <fmt/format.h>

#include <array>

#include "model/builders/families.h"

namespace fanin::model::builders {

std::span<const OptionInfo> mlp_options() {
  static constexpr std::array options = {
      OptionInfo{"hidden", OptionKind::integer, "256", 1, 65536, "", "units of each hidden layer"},
      OptionInfo{"layers", OptionKind::integer, "2", 0, 1000, "", "number of hidden layers"},
      OptionInfo{"activation", OptionKind::choice, "relu", 0, 0, activation_choices, "after each hidden layer"},
  };
  return options;
}

Graph mlp(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  Graph graph(spec.text(), input);
  const Operator activation = activation_operator(options.text("activation"));
  const std::int64_t layers = options.integer("layers");
  ValueId x = graph.input();
  if (input.size() == 3) x = graph.add("flatten", Flatten{}, {x});
  for (std::int64_t i = 1; i <= layers; ++i) {
    x = graph.add(fmt::format("fc{}", i), Linear{options.integer("hidden")}, {x});
    x = graph.add(fmt::format("act{}", i), activation, {x});
  }
  graph.add(fmt::format("fc{}", layers + 1), Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
