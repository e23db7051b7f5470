// What introductory articles write, kept as they write it so that it can be compared.
#include <cmath>

#include "init/schemes/schemes.h"

namespace fanin::init::schemes {

std::optional<Planned> textbook_random(const WeightContext&, const Options&) {
  return Planned{normal_law(0, 0.01)};
}

std::optional<Planned> textbook_xavier(const WeightContext& context, const Options&) {
  require_matrix(context, "textbook_xavier");
  return Planned{normal_law(0, std::sqrt(2.0 / static_cast<double>(context.shape[0] + context.shape[1])))};
}

}  // namespace fanin::init::schemes
