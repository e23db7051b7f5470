// What the filters of a layer see: patches of its input as vectors, and their covariance.
#pragma once
#include <cstdint>
#include <vector>

#include "adapt/scheme.h"
#include "fanin/random/stream.h"

namespace fanin::adapt {

/// Patches as the rows of a matrix, in the order of a filter's weights (I/groups, kH, kW).
struct Patches {
  std::int64_t count = 0, size = 0;
  std::vector<float> values;  // (count, size)
  const float* row(std::int64_t i) const { return values.data() + i * size; }
};

/// The length of one filter of a layer with a weight.
std::int64_t filter_size(const model::Graph& graph, const model::Node& node);

/// `count` patches of one group's channels at random outputs of random images (with zeros where the layer pads);
/// `input` is (N, C, H, W) or (N, F). A function of the stream alone.
Patches sample_patches(const model::Node& node, const Tensor& input, std::int64_t group, std::int64_t count,
                       const random::Stream& stream);

/// Eigenvalues in falling order and unit eigenvectors, one a row. Signs are fixed: the entry of largest magnitude is
/// positive.
struct Components {
  std::vector<double> values;
  std::vector<double> vectors;  // (size, size)
};
/// Of a symmetric matrix (size, size), row-major.
Components components_of(const std::vector<double>& matrix, std::int64_t size);

/// The sum of x x^T over rows x, in blocks of floats, added to `sum` (size, size).
void add_products(const Patches& rows, std::vector<double>& sum);

/// Subtracts the rows' mean.
void centre(Patches& rows);

/// Rows of `in` times the matrix (size, size), or its transpose, into `out`.
void multiply(const std::vector<float>& in, const std::vector<double>& matrix, std::int64_t size,
              std::vector<float>& out, bool transposed);

/// K centres of rows by Lloyd's iterations from `first` rows; a cluster that empties keeps its centre. (K, size).
std::vector<float> cluster(const Patches& rows, const std::vector<std::uint64_t>& first, std::int64_t iterations,
                           const std::stop_token& stop);

}  // namespace fanin::adapt
