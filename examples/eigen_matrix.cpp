// Fanin's weights in Eigen's matrices.
#include <fanin/base/error.h>
#include <fanin/init/tensors.h>
#include <Eigen/Core>
#include <cmath>
#include <cstdio>

using namespace fanin;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

int main() {
  try {
    // Fanin's tensors are row-major, so a matrix of that order is filled in place, in its own type.
    RowMajor weight(128, 256);
    init::orthogonal(std::span(weight.data(), static_cast<std::size_t>(weight.size())), {weight.rows(), weight.cols()},
                     /*gain=*/1, {.seed = 3, .name = "fc1.weight"});
    const double error = (weight * weight.transpose() - RowMajor::Identity(128, 128)).cwiseAbs().maxCoeff();
    std::printf("W W^T is the identity to %.0e\n", error);

    // Eigen's default order is column-major: assign the row-major matrix to it.
    RowMajor drawn(10, 128);
    init::xavier_uniform(std::span(drawn.data(), static_cast<std::size_t>(drawn.size())), {drawn.rows(), drawn.cols()},
                         {.seed = 3, .name = "fc2.weight"});
    const Eigen::MatrixXd head = drawn;
    std::printf("the largest of fc2's weights is below sqrt(6 / 138) = %.4f: %s\n", std::sqrt(6.0 / 138),
                head.cwiseAbs().maxCoeff() <= std::sqrt(6.0 / 138) ? "yes" : "no");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
