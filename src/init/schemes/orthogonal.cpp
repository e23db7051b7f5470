// Orthogonal weights: a Haar-distributed semi-orthogonal matrix for each group, times the gain.
//
// QR of a Gaussian matrix gives the Haar measure only when R's diagonal is made positive: Mezzadri (2007), "How to
// generate random matrices from the classical compact groups", Notices of the AMS 54(5), section 5.
#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <vector>

#include "fanin/random/stream.h"
#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Eigen cuts its matrix products by the caches it finds, which changes the order of the sums and so the last bits.
/// Fixed sizes give the same weights on every machine.
void fix_cache_sizes() {
  [[maybe_unused]] static const bool done = [] {
    Eigen::setCpuCacheSizes(32 * 1024, 512 * 1024, 4 * 1024 * 1024);
    return true;
  }();
}

/// A rows x columns matrix (rows >= columns) with orthonormal columns from `normals`, row-major.
Eigen::MatrixXd haar(const std::vector<double>& normals, Eigen::Index rows, Eigen::Index columns) {
  const Eigen::Map<const RowMajor> gaussian(normals.data(), rows, columns);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(gaussian);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(rows, columns);
  for (Eigen::Index j = 0; j < columns; ++j)
    if (qr.matrixQR()(j, j) < 0) q.col(j) = -q.col(j);
  return q;
}

}  // namespace

Applied orthogonal(const WeightContext& context, const Options& options, std::span<float> out) {
  const MatrixShape whole = require_matrix(context, "orthogonal");
  const double gain = gain_option(context, options, "orthogonal");
  fix_cache_sizes();
  const std::int64_t rows = whole.rows / context.groups, columns = whole.columns;
  const std::int64_t longer = std::max(rows, columns), shorter = std::min(rows, columns);
  const random::Stream stream = random::make_stream(context.seed, context.name, random::Purpose::initialize);

  std::vector<double> normals(static_cast<std::size_t>(rows * columns));
  for (std::int64_t group = 0; group < context.groups; ++group) {
    const std::int64_t offset = group * rows * columns;
    random::fill_normal(std::span<double>(normals), stream, 0.0, 1.0, static_cast<std::uint64_t>(offset));
    const Eigen::MatrixXd q = haar(normals, longer, shorter) * gain;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        out[static_cast<std::size_t>(offset + i * columns + j)] =
            static_cast<float>(rows >= columns ? q(i, j) : q(j, i));
  }
  return {gain / std::sqrt(static_cast<double>(longer)), gain};
}

}  // namespace fanin::init::schemes
