// The built-in architectures: one table, one file each in src/model/builders/.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

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

/// Builds `spec` ("vanilla:depth=20,width=16") for images of shape `input` (C, H, W). Throws Error on an unknown model
/// or option (nearest name), or when the image is too small for the network.
Graph build_model(const Spec& spec, const Shape& input, std::int64_t classes);

}  // namespace fanin::model
