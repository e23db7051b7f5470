// Models that a program adds to the table at run time.
#include "model/builders/registered.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/registration.h"
#include "fanin/base/error.h"

namespace fanin::model {
namespace {

struct Info {
  std::string_view name;
};

struct Registered {
  explicit Registered(CustomModel model)
      : own(std::move(model)), options(own.options, fmt::format("model '{}'", own.name)), info{own.name} {}
  const CustomModel own;  // `info` looks into it
  const OwnedOptions options;
  const Info info;
};

Registration<Registered>& registration() {
  static Registration<Registered> rows;
  return rows;
}

}  // namespace

void register_model(CustomModel model) {
  require_spec_name("model", model.name);
  const std::string name = model.name;
  if (!model.build) throw Error(fmt::format("model '{}' has no function", name));
  if (std::ranges::find(builder_table(), name, &BuilderInfo::name) != builder_table().end())
    throw Error(fmt::format("model '{}' cannot be registered: Fanin has one of that name", name));
  if (!registration().add(std::make_unique<Registered>(std::move(model))))
    throw Error(fmt::format("model '{}' is registered already", name));
}

std::optional<Graph> build_registered(const Spec& spec, const Shape& input, std::int64_t classes) {
  const Registered* row = registration().find(spec.name);
  if (row == nullptr) return std::nullopt;
  const Options options(spec, row->options.rows(), fmt::format("model '{}'", spec.name));
  Graph graph = row->own.build(options, input, classes);
  if (graph.input_shape() != input || graph.classes() != classes)
    throw Error(fmt::format("model '{}' built a network from {} to {} classes; asked for {} to {}", spec.name,
                            to_string(graph.input_shape()), graph.classes(), to_string(input), classes));
  return graph;
}

std::vector<std::string> registered_names() {
  std::vector<std::string> names;
  for (const Registered* row : registration().rows()) names.push_back(row->own.name);
  return names;
}

}  // namespace fanin::model
