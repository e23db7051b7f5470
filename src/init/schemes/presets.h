// The presets' common functions: each row of the table is one instance.
#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "init/fill.h"

namespace fanin::init::schemes {

/// The preset's law for a weight, or for another parameter. preset_other gives nothing where the framework does what
/// every network does here: biases 0, norms 1 and 0.
Planned preset_weight(std::string_view name, const WeightContext& context);
std::optional<Law> preset_other(std::string_view name, const WeightContext& context);
/// What a PyTorch module of the preset draws for a parameter; nothing where it draws nothing.
std::optional<ModuleDraws> preset_module(std::string_view name, const WeightContext& context);

/// Presets of PyTorch's own modules.
constexpr bool is_torch_module(std::string_view name) {
  return name == "pytorch-default" || name.starts_with("torchvision-") || name.starts_with("timm-");
}

/// A name as a template argument.
template <std::size_t N>
struct Name {
  constexpr Name(const char (&letters)[N]) { std::copy_n(letters, N, text); }
  char text[N];
};

/// The row of the map from names to functions.
template <Name name>
constexpr SchemeEntry preset_entry() {
  return {
      name.text, LawFunction([](const WeightContext& context, const Options&) -> std::optional<Planned> {
        return preset_weight(name.text, context);
      }),
      OtherLawFunction([](const WeightContext& context, const Options&) { return preset_other(name.text, context); }),
      is_torch_module(name.text)
          ? ModuleFunction([](const WeightContext& context) { return preset_module(name.text, context); })
          : nullptr};
}

}  // namespace fanin::init::schemes
