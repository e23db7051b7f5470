// Haar-distributed matrices by Householder QR.
#include "init/haar.h"

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cstddef>
#include <span>

namespace fanin::init {
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

}  // namespace

std::vector<double> haar(const random::Stream& stream, std::int64_t rows, std::int64_t columns, std::uint64_t first) {
  fix_cache_sizes();
  const Eigen::Index longer = std::max(rows, columns), shorter = std::min(rows, columns);
  std::vector<double> values(static_cast<std::size_t>(rows * columns));
  random::fill_normal(std::span<double>(values), stream, 0.0, 1.0, first);
  const Eigen::Map<const RowMajor> gaussian(values.data(), longer, shorter);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(gaussian);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(longer, shorter);
  for (Eigen::Index j = 0; j < shorter; ++j)
    if (qr.matrixQR()(j, j) < 0) q.col(j) = -q.col(j);
  Eigen::Map<RowMajor> result(values.data(), rows, columns);
  if (rows >= columns) {
    result = q;
  } else {
    result = q.transpose();
  }
  return values;
}

}  // namespace fanin::init
