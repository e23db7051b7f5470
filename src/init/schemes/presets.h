// The presets' common functions: each row of the table is one instance.
#pragma once
#include <algorithm>
#include <cstddef>

#include "init/fill.h"

namespace fanin::init::schemes {

/// Fills a weight, or another parameter, by the preset of that name. preset_other gives false where the framework does
/// what every network does here: biases 0, norms 1 and 0.
Applied preset_weight(std::string_view name, const WeightContext& context, std::span<float> out);
bool preset_other(std::string_view name, const WeightContext& context, std::span<float> out);

/// A name as a template argument.
template <std::size_t N>
struct Name {
  constexpr Name(const char (&letters)[N]) { std::copy_n(letters, N, text); }
  char text[N];
};

/// The row of the map from names to functions.
template <Name name>
constexpr SchemeEntry preset_entry() {
  return {name.text,
          [](const WeightContext& context, const Options&, std::span<float> out) {
            return preset_weight(name.text, context, out);
          },
          [](const WeightContext& context, const Options&, std::span<float> out) {
            return preset_other(name.text, context, out);
          }};
}

}  // namespace fanin::init::schemes
