// Random orthogonal matrices, the common part of all orthogonal schemes.
#pragma once
#include <cstdint>
#include <vector>

#include "fanin/random/stream.h"

namespace fanin::init {

/// A rows x columns matrix, row-major: orthonormal columns where it is tall, orthonormal rows where it is wide, Haar
/// distributed, from the stream's normals [first, first + rows * columns). Same bits on every machine.
///
/// QR of a Gaussian matrix gives the Haar measure only when R's diagonal is made positive: Mezzadri (2007), "How to
/// generate random matrices from the classical compact groups", Notices of the AMS 54(5), section 5.
std::vector<double> haar(const random::Stream& stream, std::int64_t rows, std::int64_t columns,
                         std::uint64_t first = 0);

}  // namespace fanin::init
