// The definition of the products, as plain loops.
#include <cmath>

#include "init/simd/panel.h"

namespace fanin::init::reference {
namespace {

template <bool transposed, class T>
void product(const T* x, const T* b, std::size_t depth, T* c, std::size_t rows, std::size_t columns) {
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t j = 0; j < columns; ++j) {
      T sum = c[r * panel_width + j];
      for (std::size_t k = 0; k < depth; ++k)
        sum = std::fma(transposed ? x[k * panel_width + r] : x[r * panel_width + k], b[k * panel_width + j], sum);
      c[r * panel_width + j] = sum;
    }
}

}  // namespace

void add_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows, std::size_t columns) {
  product<false>(x, b, depth, c, rows, columns);
}

void add_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                 std::size_t columns) {
  product<false>(x, b, depth, c, rows, columns);
}

void add_transposed_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows,
                            std::size_t columns) {
  product<true>(x, b, depth, c, rows, columns);
}

void add_transposed_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                            std::size_t columns) {
  product<true>(x, b, depth, c, rows, columns);
}

}  // namespace fanin::init::reference
