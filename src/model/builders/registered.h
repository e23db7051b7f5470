// Models that a program adds at run time (register_model), as build_model() looks them up.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fanin/model/builders.h"

namespace fanin::model {

/// The registered model's graph; none where no model of that name is registered. Throws as build_model() says.
std::optional<Graph> build_registered(const Spec& spec, const Shape& input, std::int64_t classes);
std::vector<std::string> registered_names();

}  // namespace fanin::model
