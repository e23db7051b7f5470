// What an operator makes of its inputs: the shape of its output and the parameters it owns.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/model/graph.h"

namespace fanin::model {

struct OwnedParameter {
  std::string_view suffix;  // "weight": the parameter is named node.weight
  Shape shape;
  Role role;
};

struct Outcome {
  Shape output;  // of one image
  std::vector<OwnedParameter> parameters;
};

/// Checks arity, input shapes and the operator's numbers; throws Error that begins with the node's name.
Outcome infer(const std::string& node, const Operator& op, const std::vector<Shape>& inputs);

}  // namespace fanin::model
