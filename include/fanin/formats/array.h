// A dense array as files hold it: an element type, a shape and raw bytes. What npy, safetensors and IDX share.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"

namespace fanin::formats {

/// Element types, in the order in which safetensors sorts them (it writes the last first).
enum class ElementType {
  boolean,
  uint8,
  int8,
  int16,
  uint16,
  float16,
  bfloat16,
  int32,
  uint32,
  float32,
  float64,
  int64,
  uint64
};

/// Bytes of one element: 1, 2, 4 or 8.
std::size_t element_size(ElementType type);
/// "float32".
std::string_view to_string(ElementType type);

/// Row-major elements in the machine's (little-endian) byte order.
struct Array {
  ElementType type = ElementType::float32;
  Shape shape;
  std::vector<std::uint8_t> bytes;  // element_count(shape) * element_size(type)
};

struct NamedArray {
  std::string name;
  Array array;
};

/// element_count(shape) * element_size(type). Throws Error naming `place` when it does not fit 63 bits.
std::uint64_t byte_count(ElementType type, const Shape& shape, std::string_view place);

Array to_array(const Tensor& tensor);
/// Every element converted to float32 (integers and float64 are rounded to nearest).
Tensor to_tensor(const Array& array);

}  // namespace fanin::formats
