// From a group's main node to its operator's file.
#include <type_traits>
#include <variant>

#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

template <class... Makers>
struct Overloaded : Makers... {
  using Makers::operator()...;
};
template <class... Makers>
Overloaded(Makers...) -> Overloaded<Makers...>;

}  // namespace

OpPointer make_op(const model::Graph& graph, const Group& group) {
  return std::visit(Overloaded{
                        [&](const model::Conv2d&) {
                          const bool pooled =
                              std::holds_alternative<model::MaxPool2d>(graph.node(group.members.back()).op);
                          return pooled ? make_pooled_conv(graph, group) : make_conv(graph, group);
                        },
                        [&](const model::Linear&) { return make_linear(graph, group); },
                        [&](const model::BatchNorm&) { return make_batch_norm(graph, group); },
                        [&](const model::Activation&) { return make_activation(graph, group); },
                        [&](const model::MaxPool2d&) { return make_max_pool(graph, group); },
                        [&](const model::AveragePool2d&) { return make_average_pool(graph, group); },
                        [&](const model::GlobalAveragePool&) { return make_global_average_pool(graph, group); },
                        [&](const model::Add&) { return make_add(graph, group); },
                        [&](const model::Flatten&) { return make_flatten(graph, group); },
                        [&](const model::Pad&) { return make_pad(graph, group); },
                        [&](const model::Dropout&) { return make_dropout(graph, group); },
                        [&](const model::Scale&) { return make_scale(graph, group); },
                        [&](const model::PReLU&) { return make_prelu(graph, group); },
                        [&](const model::Concat&) { return make_concat(graph, group); },
                    },
                    graph.node(group.main).op);
}

}  // namespace fanin::engine
