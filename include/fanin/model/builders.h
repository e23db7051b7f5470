// The built-in architectures: one table, one file each in src/model/builders/.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/model/graph.h"

namespace fanin::model {

struct BuilderInfo {
  std::string_view name;  // "resnet20"
  std::string_view summary;
  std::string_view paper;
  std::span<const OptionInfo> options;
  Graph (*build)(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
};
std::span<const BuilderInfo> builder_table();

/// A model of one's own: its row and the function that builds it. All texts are copied. The function makes the same
/// graph for the same arguments, throws Error where it cannot, and is called from several threads at once.
struct CustomModel {
  std::string name;  // as in a spec: a lower-case letter, then lower-case letters, digits and '_'
  std::string summary;
  std::vector<OptionInfo> options;
  std::function<Graph(const Options& options, const Shape& input, std::int64_t classes)> build;
};

/// From here on the name is a model like any other: for build_model(), train::Trial and compare::run_comparison(). Safe
/// beside all of them on other threads; a model stays until the process ends. Throws Error on a name that is none or is
/// taken, an option whose default its own row refuses, and an empty function. A stored run knows a model by its name
/// and options: give a changed network another name.
void register_model(CustomModel model);

/// Builds `spec` ("vanilla:depth=20,width=16") for images of shape `input` (C, H, W). Throws Error on an unknown model
/// or option (nearest name), or when the image is too small for the network; also when a registered model's graph has
/// another input or other classes than asked.
Graph build_model(const Spec& spec, const Shape& input, std::int64_t classes);

}  // namespace fanin::model
