// The Dirac kernel: a convolution that passes its input channels on; for a matrix, the identity.
#include <algorithm>
#include <limits>

#include "init/schemes/schemes.h"

namespace fanin::init::schemes {

template <class T>
Applied dirac(const WeightContext& context, const Options&, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "dirac");
  std::ranges::fill(out, T(0));
  const std::int64_t inputs = context.shape[1], rows = whole.rows / context.groups;
  const std::int64_t taps = whole.columns / inputs;
  std::int64_t centre = 0;  // kernel / 2 on each axis, the later middle for even kernels, as PyTorch's dirac_
  for (std::size_t axis = 2; axis < context.shape.size(); ++axis)
    centre = centre * context.shape[axis] + context.shape[axis] / 2;
  for (std::int64_t group = 0; group < context.groups; ++group)
    for (std::int64_t d = 0; d < std::min(rows, inputs); ++d)
      out[static_cast<std::size_t>(((group * rows + d) * inputs + d) * taps + centre)] = T(1);
  return {std::numeric_limits<double>::quiet_NaN()};
}

template Applied dirac(const WeightContext&, const Options&, std::span<float>);
template Applied dirac(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
