// Convolution and the fully connected layer.
#include <algorithm>

#include "reference/operators.h"

namespace fanin::reference {
namespace {

// A run of products along one output row: output elements y, y + 1, ... meet input elements x, x + stride_w, ... at the
// weight w. The three passes of a convolution are sums over the same runs.
struct Run {
  std::int64_t w, x, y, count;
};

// The output positions k in [first, last) whose input position k stride + offset lies in [0, extent).
struct Window {
  std::int64_t first, last;
};
Window inside(std::int64_t extent, std::int64_t outputs, std::int64_t stride, std::int64_t offset) {
  const std::int64_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const std::int64_t last = offset >= extent ? 0 : (extent - 1 - offset) / stride + 1;
  return {first, std::max(first, std::min(last, outputs))};
}

template <class Visit>
void for_each_run(const model::Conv2d& op, const Step& step, Visit visit) {
  const std::int64_t C = step.input_shapes[0][0], H = step.input_shapes[0][1], W = step.input_shapes[0][2];
  const std::int64_t O = step.output_shape[0], OH = step.output_shape[1], OW = step.output_shape[2];
  const std::int64_t group_inputs = C / op.groups, group_outputs = O / op.groups;
  for (std::int64_t n = 0; n < step.batch; ++n) {
    for (std::int64_t o = 0; o < O; ++o) {
      for (std::int64_t k = 0; k < group_inputs; ++k) {
        const std::int64_t c = o / group_outputs * group_inputs + k;
        for (std::int64_t u = 0; u < op.kernel_h; ++u) {
          const std::int64_t row_offset = u * op.dilation_h - op.pad_top;
          const Window rows = inside(H, OH, op.stride_h, row_offset);
          for (std::int64_t v = 0; v < op.kernel_w; ++v) {
            const std::int64_t column_offset = v * op.dilation_w - op.pad_left;
            const Window columns = inside(W, OW, op.stride_w, column_offset);
            const std::int64_t w = ((o * group_inputs + k) * op.kernel_h + u) * op.kernel_w + v;
            for (std::int64_t i = rows.first; i < rows.last; ++i) {
              const std::int64_t row = i * op.stride_h + row_offset;
              const std::int64_t x = ((n * C + c) * H + row) * W + columns.first * op.stride_w + column_offset;
              const std::int64_t y = ((n * O + o) * OH + i) * OW + columns.first;
              visit(Run{w, x, y, columns.last - columns.first});
            }
          }
        }
      }
    }
  }
}

}  // namespace

void forward(const model::Conv2d& op, const Step& step) {
  const double* x = step.inputs[0]->data();
  const double* weight = step.parameters[0]->data();
  double* y = step.output->data();
  if (op.bias) {
    const std::int64_t positions = step.output_shape[1] * step.output_shape[2];
    for (std::int64_t e = 0; e < std::ssize(*step.output); ++e) {
      y[e] = (*step.parameters[1])[e / positions % op.out_channels];
    }
  }
  for_each_run(op, step, [&](const Run& run) {
    const double w = weight[run.w];
    for (std::int64_t k = 0; k < run.count; ++k) y[run.y + k] += w * x[run.x + k * op.stride_w];
  });
}

void backward(const model::Conv2d& op, const Step& step) {
  const double* x = step.inputs[0]->data();
  const double* weight = step.parameters[0]->data();
  const double* dy = step.output_gradient->data();
  double* dx = step.input_gradients[0]->data();
  double* dweight = step.parameter_gradients[0]->data();
  if (op.bias) {
    const std::int64_t positions = step.output_shape[1] * step.output_shape[2];
    for (std::int64_t e = 0; e < std::ssize(*step.output_gradient); ++e) {
      (*step.parameter_gradients[1])[e / positions % op.out_channels] += dy[e];
    }
  }
  for_each_run(op, step, [&](const Run& run) {
    const double w = weight[run.w];
    double sum = 0;
    for (std::int64_t k = 0; k < run.count; ++k) {
      dx[run.x + k * op.stride_w] += w * dy[run.y + k];
      sum += x[run.x + k * op.stride_w] * dy[run.y + k];
    }
    dweight[run.w] += sum;
  });
}

void forward(const model::Linear& op, const Step& step) {
  const std::int64_t inputs = step.input_shapes[0][0];
  for (std::int64_t n = 0; n < step.batch; ++n) {
    for (std::int64_t o = 0; o < op.out_features; ++o) {
      double sum = op.bias ? (*step.parameters[1])[o] : 0;
      for (std::int64_t c = 0; c < inputs; ++c) {
        sum += (*step.parameters[0])[o * inputs + c] * (*step.inputs[0])[n * inputs + c];
      }
      (*step.output)[n * op.out_features + o] = sum;
    }
  }
}

void backward(const model::Linear& op, const Step& step) {
  const std::int64_t inputs = step.input_shapes[0][0];
  for (std::int64_t n = 0; n < step.batch; ++n) {
    for (std::int64_t o = 0; o < op.out_features; ++o) {
      const double dy = (*step.output_gradient)[n * op.out_features + o];
      if (op.bias) (*step.parameter_gradients[1])[o] += dy;
      for (std::int64_t c = 0; c < inputs; ++c) {
        (*step.input_gradients[0])[n * inputs + c] += (*step.parameters[0])[o * inputs + c] * dy;
        (*step.parameter_gradients[0])[o * inputs + c] += (*step.inputs[0])[n * inputs + c] * dy;
      }
    }
  }
}

}  // namespace fanin::reference
