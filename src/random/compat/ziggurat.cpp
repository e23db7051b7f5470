#include "random/compat/ziggurat.h"

#include <cmath>
#include <cstddef>

namespace fanin::random::compat {
namespace {

ZigguratTables make_tables() {
  // The area that the published tables were made with; the exact one is a few units in the last place larger.
  constexpr double area = 0.0049286732339746519;
  constexpr double scale = 0x1p52, scale_float = 0x1p23;
  std::array<double, 256> x{};
  ZigguratTables tables{};
  auto& f = tables.height;
  x[255] = ziggurat_right;
  for (std::size_t i = 255; i >= 1; --i) {
    f[i] = std::exp(-0.5 * x[i] * x[i]);
    if (i == 38) f[i] = 0x1.5ad29acc85c89p-1;  // the published tables hold this exponential one unit too high
    if (i > 1) x[i - 1] = std::sqrt(-2.0 * std::log(f[i] + area / x[i]));
  }
  f[0] = 1.0;
  const auto layer = [&](std::size_t i, double inside, double width) {
    tables.inside[i] = static_cast<std::uint64_t>(std::nearbyint(inside * scale));
    tables.inside_float[i] = static_cast<std::uint32_t>(std::nearbyint(inside * scale_float));
    tables.width[i] = width / scale;
    tables.width_float[i] = static_cast<float>(width / scale_float);
    tables.height_float[i] = static_cast<float>(f[i]);
  };
  layer(0, ziggurat_right * f[255] / area, area / f[255]);
  for (std::size_t i = 1; i < 256; ++i) layer(i, x[i - 1] / x[i], x[i]);
  return tables;
}

}  // namespace

const ZigguratTables& ziggurat_tables() {
  static const ZigguratTables tables = make_tables();
  return tables;
}

}  // namespace fanin::random::compat
