// Max, average and global average pooling.
#include <algorithm>
#include <cmath>

#include "reference/operators.h"

namespace fanin::reference {
namespace {

// The part of a window that lies on the image, as flat indices: rows [top, bottom) and columns [left, right) of the
// plane that begins at `plane`; `y` is the output element.
struct Cells {
  std::int64_t plane, width, top, bottom, left, right, y;
  std::int64_t count() const { return (bottom - top) * (right - left); }

  template <class Visit>
  void each(Visit visit) const {
    for (std::int64_t row = top; row < bottom; ++row) {
      for (std::int64_t column = left; column < right; ++column) visit(plane + row * width + column);
    }
  }
};

template <class Pool, class Visit>
void for_each_window(const Pool& op, const Step& step, Visit visit) {
  const std::int64_t C = step.input_shapes[0][0], H = step.input_shapes[0][1], W = step.input_shapes[0][2];
  const std::int64_t OH = step.output_shape[1], OW = step.output_shape[2];
  for (std::int64_t plane = 0; plane < step.batch * C; ++plane) {
    for (std::int64_t i = 0; i < OH; ++i) {
      for (std::int64_t j = 0; j < OW; ++j) {
        const std::int64_t row = i * op.stride_h - op.pad_top, column = j * op.stride_w - op.pad_left;
        visit(Cells{plane * H * W, W, std::max<std::int64_t>(row, 0), std::min(row + op.kernel_h, H),
                    std::max<std::int64_t>(column, 0), std::min(column + op.kernel_w, W), (plane * OH + i) * OW + j});
      }
    }
  }
}

// The first largest element in row-major order, as PyTorch and oneDNN choose among equals; a NaN wins.
std::int64_t first_maximum(const Cells& cells, const Array& x) {
  std::int64_t best = cells.plane + cells.top * cells.width + cells.left;
  cells.each([&](std::int64_t e) {
    if (x[e] > x[best] || std::isnan(x[e])) best = e;
  });
  return best;
}

double divisor(const model::AveragePool2d& op, const Cells& cells) {
  return static_cast<double>(op.count_include_pad ? op.kernel_h * op.kernel_w : cells.count());
}

}  // namespace

void forward(const model::MaxPool2d& op, const Step& step) {
  const Array& x = *step.inputs[0];
  for_each_window(op, step, [&](const Cells& cells) { (*step.output)[cells.y] = x[first_maximum(cells, x)]; });
}

void backward(const model::MaxPool2d& op, const Step& step) {
  const Array& x = *step.inputs[0];
  for_each_window(op, step, [&](const Cells& cells) {
    (*step.input_gradients[0])[first_maximum(cells, x)] += (*step.output_gradient)[cells.y];
  });
}

void forward(const model::AveragePool2d& op, const Step& step) {
  for_each_window(op, step, [&](const Cells& cells) {
    double sum = 0;
    cells.each([&](std::int64_t e) { sum += (*step.inputs[0])[e]; });
    (*step.output)[cells.y] = sum / divisor(op, cells);
  });
}

void backward(const model::AveragePool2d& op, const Step& step) {
  for_each_window(op, step, [&](const Cells& cells) {
    const double share = (*step.output_gradient)[cells.y] / divisor(op, cells);
    cells.each([&](std::int64_t e) { (*step.input_gradients[0])[e] += share; });
  });
}

void forward(const model::GlobalAveragePool&, const Step& step) {
  const std::int64_t positions = step.input_shapes[0][1] * step.input_shapes[0][2];
  for (std::int64_t e = 0; e < std::ssize(*step.inputs[0]); ++e) {
    (*step.output)[e / positions] += (*step.inputs[0])[e] / static_cast<double>(positions);
  }
}

void backward(const model::GlobalAveragePool&, const Step& step) {
  const std::int64_t positions = step.input_shapes[0][1] * step.input_shapes[0][2];
  for (std::int64_t e = 0; e < std::ssize(*step.inputs[0]); ++e) {
    (*step.input_gradients[0])[e] += (*step.output_gradient)[e / positions] / static_cast<double>(positions);
  }
}

}  // namespace fanin::reference
