// Tailored activation transformation: leaky ReLUs whose slope keeps a deep plain network from making all inputs alike.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "fanin/base/error.h"
#include "init/schemes/effects.h"
#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

using model::ActivationKind;
using model::Graph;
using model::Node;

bool is_rectifier(const Node& node) {
  if (std::holds_alternative<model::PReLU>(node.op)) return true;
  const auto* function = std::get_if<model::Activation>(&node.op);
  return function != nullptr &&
         (function->kind == ActivationKind::relu || function->kind == ActivationKind::leaky_relu);
}

void refuse_unfit(const Graph& graph, const Node& node) {
  const auto refuse = [&](std::string_view what) {
    throw Error(
        fmt::format("scheme 'tat' needs a plain network of convolutions, linear layers and ReLU-like "
                    "activations; '{}' of {} is {}",
                    node.name, graph.name(), what));
  };
  if (std::holds_alternative<model::Add>(node.op) || std::holds_alternative<model::Concat>(node.op))
    refuse("where two paths meet");
  if (std::holds_alternative<model::BatchNorm>(node.op)) refuse("a normalization");
  if (std::holds_alternative<model::Scale>(node.op)) refuse("a trainable scale");
  const auto* function = std::get_if<model::Activation>(&node.op);
  if (function != nullptr && function->kind != ActivationKind::identity && !is_rectifier(node))
    refuse(model::activation_name(function->kind));
}

/// Rectifiers on the longest way through the network.
int rectifiers(const Graph& graph) {
  std::vector<int> above(graph.values().size(), 0);
  for (const Node& node : graph.nodes()) {
    int most = 0;
    for (const model::ValueId input : node.inputs) most = std::max(most, above[static_cast<std::size_t>(input)]);
    above[static_cast<std::size_t>(node.output)] = most + is_rectifier(node);
  }
  return above[static_cast<std::size_t>(graph.output())];
}

}  // namespace

Graph tat_prepare(const Graph& graph, const Options& options) {
  for (const Node& node : graph.nodes()) refuse_unfit(graph, node);
  const int layers = rectifiers(graph);
  if (layers == 0)
    throw Error(fmt::format("scheme 'tat' needs ReLU-like activations to tailor; {} has none", graph.name()));
  const double slope = tailored_slope(layers, options.number("eta"));
  Graph tailored(graph.name(), graph.input_shape());
  for (const Node& node : graph.nodes()) {
    model::Operator op = node.op;
    if (auto* prelu = std::get_if<model::PReLU>(&op)) {
      prelu->initial = slope;
    } else if (is_rectifier(node)) {
      op = slope == 0 ? model::Activation{ActivationKind::relu} : model::Activation{ActivationKind::leaky_relu, slope};
    }
    tailored.add(node.name, op, node.inputs);
  }
  return tailored;
}

template <class T>
Applied tat(const WeightContext& context, const Options&, std::span<T> out) {
  // The output scale sqrt(2 / (1 + slope^2)) of the activation stands in the weights before it: f(s z) = s f(z).
  const Spec spec{"delta_orthogonal", {{"keep", "scale"}}};
  require_matrix(context, "tat");
  return delta_orthogonal(context, Options(spec, find_scheme(spec.name).options, "scheme 'tat'"), out);
}

template Applied tat(const WeightContext&, const Options&, std::span<float>);
template Applied tat(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
