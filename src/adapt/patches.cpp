#include "adapt/patches.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <variant>

#include "fanin/base/error.h"

namespace fanin::adapt {
namespace {

using FloatRows = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

/// The patch that output (y, x) of one image sees in the channels of one group.
void copy_patch(const model::Conv2d& conv, const Tensor& input, std::int64_t image, std::int64_t group, std::int64_t y,
                std::int64_t x, float* out) {
  const std::int64_t channels = input.shape[1], height = input.shape[2], width = input.shape[3];
  const std::int64_t each = channels / conv.groups;
  for (std::int64_t c = group * each; c < (group + 1) * each; ++c) {
    const float* plane = input.values.data() + (image * channels + c) * height * width;
    for (std::int64_t i = 0; i < conv.kernel_h; ++i)
      for (std::int64_t j = 0; j < conv.kernel_w; ++j) {
        const std::int64_t at_y = y * conv.stride_h - conv.pad_top + i * conv.dilation_h;
        const std::int64_t at_x = x * conv.stride_w - conv.pad_left + j * conv.dilation_w;
        const bool inside = at_y >= 0 && at_y < height && at_x >= 0 && at_x < width;
        *out++ = inside ? plane[at_y * width + at_x] : 0.0F;
      }
  }
}

std::int64_t outputs(std::int64_t extent, std::int64_t before, std::int64_t after, std::int64_t kernel,
                     std::int64_t dilation, std::int64_t stride) {
  return (extent + before + after - dilation * (kernel - 1) - 1) / stride + 1;
}

}  // namespace

std::int64_t filter_size(const model::Graph& graph, const model::Node& node) {
  const Shape& shape = graph.parameter(node.parameters.front()).shape;
  return element_count(shape) / shape[0];
}

Patches sample_patches(const model::Node& node, const Tensor& input, std::int64_t group, std::int64_t count,
                       const random::Stream& stream) {
  const std::int64_t images = input.shape[0];
  Patches patches;
  patches.count = count;
  if (const auto* conv = std::get_if<model::Conv2d>(&node.op)) {
    const std::int64_t rows =
        outputs(input.shape[2], conv->pad_top, conv->pad_bottom, conv->kernel_h, conv->dilation_h, conv->stride_h);
    const std::int64_t columns =
        outputs(input.shape[3], conv->pad_left, conv->pad_right, conv->kernel_w, conv->dilation_w, conv->stride_w);
    patches.size = input.shape[1] / conv->groups * conv->kernel_h * conv->kernel_w;
    patches.values.resize(static_cast<std::size_t>(count * patches.size));
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::int64_t>(random::uniform_index(
          stream, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(images * rows * columns)));
      copy_patch(*conv, input, at / (rows * columns), group, at / columns % rows, at % columns,
                 patches.values.data() + i * patches.size);
    }
    return patches;
  }
  patches.size = input.shape[1];
  patches.values.resize(static_cast<std::size_t>(count * patches.size));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::int64_t>(
        random::uniform_index(stream, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(images)));
    std::copy_n(input.values.begin() + at * patches.size, patches.size, patches.values.begin() + i * patches.size);
  }
  return patches;
}

Components components_of(const std::vector<double>& matrix, std::int64_t size) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> symmetric(matrix.data(), size, size);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver{Eigen::MatrixXd(symmetric)};
  if (solver.info() != Eigen::Success) throw Error("the eigenvalues of the patches' covariance do not converge");
  Components result;
  for (std::int64_t k = size - 1; k >= 0; --k) {  // Eigen's order is rising
    result.values.push_back(std::max(0.0, solver.eigenvalues()[k]));
    const auto vector = solver.eigenvectors().col(k);
    Eigen::Index largest = 0;
    vector.cwiseAbs().maxCoeff(&largest);
    const double sign = vector[largest] < 0 ? -1 : 1;
    for (std::int64_t i = 0; i < size; ++i) result.vectors.push_back(sign * vector[i]);
  }
  return result;
}

void add_products(const Patches& rows, std::vector<double>& sum) {
  constexpr std::int64_t block = 512;  // so that a sum of floats stays short
  for (std::int64_t first = 0; first < rows.count; first += block) {
    const FloatRows part(rows.row(first), std::min(block, rows.count - first), rows.size);
    const Eigen::MatrixXf product = part.transpose() * part;
    for (std::int64_t i = 0; i < rows.size; ++i)
      for (std::int64_t j = 0; j < rows.size; ++j)
        sum[static_cast<std::size_t>(i * rows.size + j)] += static_cast<double>(product(i, j));
  }
}

void centre(Patches& rows) {
  std::vector<double> mean(static_cast<std::size_t>(rows.size), 0.0);
  for (std::int64_t i = 0; i < rows.count; ++i)
    for (std::int64_t j = 0; j < rows.size; ++j)
      mean[static_cast<std::size_t>(j)] += static_cast<double>(rows.row(i)[j]);
  for (double& value : mean) value /= static_cast<double>(rows.count);
  for (std::size_t i = 0; i < rows.values.size(); ++i)
    rows.values[i] = static_cast<float>(rows.values[i] - mean[i % static_cast<std::size_t>(rows.size)]);
}

void multiply(const std::vector<float>& in, const std::vector<double>& matrix, std::int64_t size,
              std::vector<float>& out, bool transposed) {
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Rows narrow(size, size);
  for (std::int64_t i = 0; i < size * size; ++i)
    narrow.data()[i] = static_cast<float>(matrix[static_cast<std::size_t>(i)]);
  const auto count = static_cast<std::int64_t>(in.size()) / size;
  const FloatRows rows(in.data(), count, size);
  Eigen::Map<Rows> result(out.data(), count, size);
  if (transposed) {
    result.noalias() = rows * narrow.transpose();
  } else {
    result.noalias() = rows * narrow;
  }
}

std::vector<float> cluster(const Patches& rows, const std::vector<std::uint64_t>& first, std::int64_t iterations,
                           const std::stop_token& stop) {
  const auto clusters = static_cast<std::int64_t>(first.size());
  std::vector<float> centres;
  for (const std::uint64_t i : first) {
    const float* row = rows.row(static_cast<std::int64_t>(i));
    centres.insert(centres.end(), row, row + rows.size);
  }
  const FloatRows all(rows.values.data(), rows.count, rows.size);
  for (std::int64_t iteration = 0; iteration < iterations; ++iteration) {
    if (stop.stop_requested()) throw Interrupted();
    const FloatRows now(centres.data(), clusters, rows.size);
    const Eigen::VectorXf halves = 0.5F * now.rowwise().squaredNorm();
    // |x - c|^2 is smallest where x c - |c|^2 / 2 is largest.
    const Eigen::MatrixXf nearness = (now * all.transpose()).colwise() - halves;  // (K, count)
    std::vector<double> sums(centres.size(), 0.0);
    std::vector<std::int64_t> members(static_cast<std::size_t>(clusters), 0);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      Eigen::Index nearest = 0;
      nearness.col(i).maxCoeff(&nearest);
      ++members[static_cast<std::size_t>(nearest)];
      for (std::int64_t j = 0; j < rows.size; ++j)
        sums[static_cast<std::size_t>(nearest * rows.size + j)] += static_cast<double>(rows.row(i)[j]);
    }
    for (std::int64_t k = 0; k < clusters; ++k) {
      const std::int64_t count = members[static_cast<std::size_t>(k)];
      if (count == 0) continue;
      for (std::int64_t j = 0; j < rows.size; ++j) {
        const auto at = static_cast<std::size_t>(k * rows.size + j);
        centres[at] = static_cast<float>(sums[at] / static_cast<double>(count));
      }
    }
  }
  return centres;
}

}  // namespace fanin::adapt
