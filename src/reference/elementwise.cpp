// Operators that work element by element, or only move elements.
#include "fanin/random/stream.h"
#include "reference/operators.h"

namespace fanin::reference {
namespace {

// Where element e of a pad's input (batch in front) stands in its output.
std::int64_t padded_index(const model::Pad& op, const Step& step, std::int64_t e) {
  const Shape& in = step.input_shapes[0];
  const Shape& out = step.output_shape;
  const std::int64_t column = e % in[2], row = e / in[2] % in[1], c = e / (in[2] * in[1]) % in[0];
  const std::int64_t n = e / element_count(in);
  return ((n * out[0] + c + op.channels_before) * out[1] + row + op.top) * out[2] + column + op.left;
}

// The channel of element e.
std::size_t channel_of(const Step& step, std::size_t e) {
  const auto channels = static_cast<std::size_t>(step.output_shape[0]);
  return e / (static_cast<std::size_t>(element_count(step.output_shape)) / channels) % channels;
}

// Which slope is element e's.
std::size_t slope_index(const model::PReLU& op, const Step& step, std::size_t e) {
  return op.shared ? 0 : channel_of(step, e);
}

// body(input, element of the input, element of the output).
template <class Body>
void for_parts(const Step& step, Body body) {
  const auto whole = static_cast<std::size_t>(element_count(step.output_shape));
  std::size_t before = 0;  // elements of the inputs in front, within one image
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    const auto part = static_cast<std::size_t>(element_count(step.input_shapes[i]));
    for (std::size_t e = 0; e < step.inputs[i]->size(); ++e) body(i, e, e / part * whole + before + e % part);
    before += part;
  }
}

}  // namespace

void forward(const model::Activation& op, const Step& step) {
  for (std::size_t e = 0; e < step.output->size(); ++e) {
    (*step.output)[e] = model::activation_value(op, (*step.inputs[0])[e]);
  }
}

void backward(const model::Activation& op, const Step& step) {
  for (std::size_t e = 0; e < step.output_gradient->size(); ++e) {
    (*step.input_gradients[0])[e] +=
        (*step.output_gradient)[e] * model::activation_derivative(op, (*step.inputs[0])[e]);
  }
}

void forward(const model::Add&, const Step& step) {
  for (std::size_t e = 0; e < step.output->size(); ++e) {
    (*step.output)[e] = (*step.inputs[0])[e] + (*step.inputs[1])[e];
  }
}

void backward(const model::Add&, const Step& step) {
  for (Array* gradient : step.input_gradients) {
    for (std::size_t e = 0; e < gradient->size(); ++e) (*gradient)[e] += (*step.output_gradient)[e];
  }
}

void forward(const model::Flatten&, const Step& step) {
  *step.output = *step.inputs[0];
}

void backward(const model::Flatten&, const Step& step) {
  for (std::size_t e = 0; e < step.output_gradient->size(); ++e) {
    (*step.input_gradients[0])[e] += (*step.output_gradient)[e];
  }
}

void forward(const model::Pad& op, const Step& step) {
  for (std::int64_t e = 0; e < std::ssize(*step.inputs[0]); ++e) {
    (*step.output)[padded_index(op, step, e)] = (*step.inputs[0])[e];
  }
}

void backward(const model::Pad& op, const Step& step) {
  for (std::int64_t e = 0; e < std::ssize(*step.inputs[0]); ++e) {
    (*step.input_gradients[0])[e] += (*step.output_gradient)[padded_index(op, step, e)];
  }
}

// Element e, counted over the whole batch, is kept where the stream's uniform float number e is at least the rate.
// The comparison is in float, as the engine's.
void forward(const model::Dropout& op, const Step& step) {
  if (!step.training) {
    *step.output = *step.inputs[0];
    return;
  }
  std::vector<float> uniform(step.output->size());
  random::fill_uniform(uniform, random::make_stream(step.seed, step.node, random::Purpose::dropout, step.step), 0.0F,
                       1.0F);
  step.saved->resize(uniform.size());  // the factor of each element
  for (std::size_t e = 0; e < uniform.size(); ++e) {
    (*step.saved)[e] = uniform[e] >= static_cast<float>(op.rate) ? 1 / (1 - op.rate) : 0;
    (*step.output)[e] = (*step.inputs[0])[e] * (*step.saved)[e];
  }
}

void backward(const model::Dropout&, const Step& step) {
  for (std::size_t e = 0; e < step.output_gradient->size(); ++e) {
    const double factor = step.training ? (*step.saved)[e] : 1;
    (*step.input_gradients[0])[e] += (*step.output_gradient)[e] * factor;
  }
}

void forward(const model::Scale& op, const Step& step) {
  for (std::size_t e = 0; e < step.output->size(); ++e) {
    const std::size_t c = op.channels ? channel_of(step, e) : 0;
    (*step.output)[e] = (*step.parameters[0])[c] * (*step.inputs[0])[e];
  }
}

void backward(const model::Scale& op, const Step& step) {
  for (std::size_t e = 0; e < step.output_gradient->size(); ++e) {
    const std::size_t c = op.channels ? channel_of(step, e) : 0;
    (*step.input_gradients[0])[e] += (*step.parameters[0])[c] * (*step.output_gradient)[e];
    (*step.parameter_gradients[0])[c] += (*step.inputs[0])[e] * (*step.output_gradient)[e];
  }
}

void forward(const model::PReLU& op, const Step& step) {
  for (std::size_t e = 0; e < step.output->size(); ++e) {
    const double x = (*step.inputs[0])[e], slope = (*step.parameters[0])[slope_index(op, step, e)];
    (*step.output)[e] = x > 0 ? x : slope * x;
  }
}

void backward(const model::PReLU& op, const Step& step) {
  for (std::size_t e = 0; e < step.output_gradient->size(); ++e) {
    const double x = (*step.inputs[0])[e], gradient = (*step.output_gradient)[e];
    const std::size_t c = slope_index(op, step, e);
    (*step.input_gradients[0])[e] += x > 0 ? gradient : (*step.parameters[0])[c] * gradient;
    if (!(x > 0)) (*step.parameter_gradients[0])[c] += x * gradient;
  }
}

void forward(const model::Concat&, const Step& step) {
  for_parts(step, [&](std::size_t input, std::size_t from, std::size_t to) {
    (*step.output)[to] = (*step.inputs[input])[from];
  });
}

void backward(const model::Concat&, const Step& step) {
  for_parts(step, [&](std::size_t input, std::size_t to, std::size_t from) {
    (*step.input_gradients[input])[to] += (*step.output_gradient)[from];
  });
}

}  // namespace fanin::reference
