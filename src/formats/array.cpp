// Element types and their conversion to float32.
#include "fanin/formats/array.h"

#include <bit>
#include <cstring>

#include "formats/refuse.h"

namespace fanin::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays hold little-endian bytes");

struct TypeRow {
  ElementType type;
  std::size_t size;
  std::string_view name;
};
constexpr TypeRow type_table[] = {
    {ElementType::boolean, 1, "boolean"},   {ElementType::uint8, 1, "uint8"},     {ElementType::int8, 1, "int8"},
    {ElementType::int16, 2, "int16"},       {ElementType::uint16, 2, "uint16"},   {ElementType::float16, 2, "float16"},
    {ElementType::bfloat16, 2, "bfloat16"}, {ElementType::int32, 4, "int32"},     {ElementType::uint32, 4, "uint32"},
    {ElementType::float32, 4, "float32"},   {ElementType::float64, 8, "float64"}, {ElementType::int64, 8, "int64"},
    {ElementType::uint64, 8, "uint64"},
};

const TypeRow& row(ElementType type) {
  return type_table[static_cast<std::size_t>(type)];
}

// IEEE binary16: subnormals are mantissa * 2^-24, exact in float.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 31u;
  const std::uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide_exponent = exponent == 31 ? 255u : exponent + 112u;
  return std::bit_cast<float>(sign | wide_exponent << 23 | mantissa << 13);
}

template <class Element, class Convert>
void convert(const Array& array, std::vector<float>& values, Convert to_float) {
  const std::uint8_t* source = array.bytes.data();
  for (float& value : values) {
    Element element;
    std::memcpy(&element, source, sizeof element);
    source += sizeof element;
    value = to_float(element);
  }
}

}  // namespace

std::size_t element_size(ElementType type) {
  return row(type).size;
}

std::string_view to_string(ElementType type) {
  return row(type).name;
}

std::uint64_t byte_count(ElementType type, const Shape& shape, std::string_view place) {
  // A zero extent makes the product 0 whatever the others are; they must fit all the same.
  std::uint64_t count = element_size(type);
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw Error(fmt::format("{}: negative extent {} in the shape", place, extent));
    if (extent == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count) || count >> 63 != 0) {
      throw Error(fmt::format("{}: the shape's product does not fit 63 bits", place));
    }
  }
  return empty ? 0 : count;
}

Array to_array(const Tensor& tensor) {
  Array array{ElementType::float32, tensor.shape, {}};
  array.bytes.resize(tensor.values.size() * sizeof(float));
  if (!array.bytes.empty()) std::memcpy(array.bytes.data(), tensor.values.data(), array.bytes.size());
  return array;
}

Tensor to_tensor(const Array& array) {
  const std::uint64_t bytes = byte_count(array.type, array.shape, "array");
  if (bytes != array.bytes.size()) {
    throw Error(fmt::format("array: {} bytes given, its shape needs {}", array.bytes.size(), bytes));
  }
  Tensor tensor{array.shape, std::vector<float>(bytes / element_size(array.type))};
  std::vector<float>& values = tensor.values;
  const auto plain = [](auto element) { return static_cast<float>(element); };
  switch (array.type) {
    case ElementType::boolean:
      convert<std::uint8_t>(array, values, [](auto byte) { return byte != 0 ? 1.0f : 0.0f; });
      break;
    case ElementType::uint8:
      convert<std::uint8_t>(array, values, plain);
      break;
    case ElementType::int8:
      convert<std::int8_t>(array, values, plain);
      break;
    case ElementType::int16:
      convert<std::int16_t>(array, values, plain);
      break;
    case ElementType::uint16:
      convert<std::uint16_t>(array, values, plain);
      break;
    case ElementType::float16:
      convert<std::uint16_t>(array, values, from_half);
      break;
    case ElementType::bfloat16:
      convert<std::uint16_t>(array, values, [](std::uint16_t bits) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
      });
      break;
    case ElementType::int32:
      convert<std::int32_t>(array, values, plain);
      break;
    case ElementType::uint32:
      convert<std::uint32_t>(array, values, plain);
      break;
    case ElementType::float32:
      convert<float>(array, values, plain);
      break;
    case ElementType::float64:
      convert<double>(array, values, plain);
      break;
    case ElementType::int64:
      convert<std::int64_t>(array, values, plain);
      break;
    case ElementType::uint64:
      convert<std::uint64_t>(array, values, plain);
      break;
  }
  return tensor;
}

}  // namespace fanin::formats
