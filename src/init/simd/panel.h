// Products with a panel, the inner loops of the orthogonal matrices, twice: in plain code and in SIMD. Same signatures,
// same bits: each result is one chain of fused multiply-adds over the depth, whatever the width of the vectors.
//
// All matrices are row-major with rows of panel_width values, whatever part of them counts.
#pragma once
#include <cstddef>

namespace fanin::init {

inline constexpr std::size_t panel_width = 48;  // three vectors of 16 floats
inline constexpr std::size_t panel_rows = 8;    // row counts of results are multiples of it
inline constexpr std::size_t panel_lanes = 16;  // column counts are multiples of it

/// For r < rows and j < columns: c[r][j] = fma(x(r, k), b[k][j], c[r][j]) for k = 0, 1, ..., depth - 1, where x(r, k)
/// is x[r][k], or x[k][r] where the factor is transposed. `c` overlaps neither factor; the pointers are aligned to 64
/// bytes.
namespace reference {
void add_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows, std::size_t columns);
void add_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows, std::size_t columns);
void add_transposed_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows,
                            std::size_t columns);
void add_transposed_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                            std::size_t columns);
}  // namespace reference

namespace simd {
void add_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows, std::size_t columns);
void add_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows, std::size_t columns);
void add_transposed_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows,
                            std::size_t columns);
void add_transposed_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                            std::size_t columns);
}  // namespace simd

}  // namespace fanin::init
