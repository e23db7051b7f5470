// Shapes of tensors, in the field's order: images are (N, C, H, W), convolution weights (O, I/groups, kH, kW).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fanin {

using Shape = std::vector<std::int64_t>;

/// The number of elements; 1 for a scalar's empty shape. Throws Error when an extent is negative or the product
/// does not fit 63 bits.
std::int64_t element_count(const Shape& shape);

/// "64x3x7x7"; "scalar" for the empty shape.
std::string to_string(const Shape& shape);

/// A dense tensor in logical, row-major order.
struct Tensor {
  Shape shape;
  std::vector<float> values;  // element_count(shape)
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

}  // namespace fanin
