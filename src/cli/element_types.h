// From an element type's name or value to the C++ type that holds it.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "fanin/base/error.h"
#include "fanin/base/float16.h"
#include "fanin/formats/array.h"

namespace fanin::cli {

/// Whether with_type() takes it.
inline bool is_weight_type(formats::ElementType type) {
  using enum formats::ElementType;
  return type == float32 || type == float64 || type == bfloat16 || type == float16;
}

/// Calls work.operator()<T>() with the type of a weight: float, double, bfloat16 or half. Throws Error for another.
template <class Work>
auto with_type(formats::ElementType type, Work&& work) {
  switch (type) {
    case formats::ElementType::float32:
      return work.template operator()<float>();
    case formats::ElementType::float64:
      return work.template operator()<double>();
    case formats::ElementType::bfloat16:
      return work.template operator()<bfloat16>();
    case formats::ElementType::float16:
      return work.template operator()<half>();
    default:
      throw Error("weights of type " + std::string(formats::to_string(type)) + " are not drawn; expected floats");
  }
}

template <class T>
std::span<const std::uint8_t> bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace fanin::cli
