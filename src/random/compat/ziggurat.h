// The tables of NumPy's ziggurat (Marsaglia and Tsang 2000): 256 layers of equal area under exp(-x^2 / 2).
#pragma once
#include <array>
#include <cstdint>

namespace fanin::random::compat {

inline constexpr double ziggurat_right = 3.6541528853610088;  // where the base layer's rectangle ends
inline constexpr double ziggurat_inverse_right = 0.27366123732975828;

/// Layer i: a draw a * width[i] is inside at once when a < inside[i]; height[i] is the density at the layer's edge.
struct ZigguratTables {
  std::array<std::uint64_t, 256> inside;  // of 52-bit draws
  std::array<double, 256> width, height;
  std::array<std::uint32_t, 256> inside_float;  // of 23-bit draws
  std::array<float, 256> width_float, height_float;
};
const ZigguratTables& ziggurat_tables();

}  // namespace fanin::random::compat
