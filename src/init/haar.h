// Random orthogonal matrices, the common part of all orthogonal schemes.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "fanin/random/stream.h"

namespace fanin::init {

/// Writes scale times a rows x columns matrix, row-major: orthonormal columns where it is tall or square, orthonormal
/// rows where it is wide, Haar distributed, from the stream's normals [first, first + rows * columns). Same bits on
/// every machine and any number of threads (random::FillThreads). The float and the double matrix of a stream are
/// different ones, each orthogonal to the precision of its type.
void haar(std::span<float> out, const random::Stream& stream, std::int64_t rows, std::int64_t columns,
          std::uint64_t first = 0, float scale = 1);
void haar(std::span<double> out, const random::Stream& stream, std::int64_t rows, std::int64_t columns,
          std::uint64_t first = 0, double scale = 1);

std::vector<double> haar(const random::Stream& stream, std::int64_t rows, std::int64_t columns,
                         std::uint64_t first = 0);

}  // namespace fanin::init
