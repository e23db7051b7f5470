// Kernels of another size: the matrix that makes m taps from n, one dimension at a time.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fanin::init {

/// m x n, row-major; taps' positions are spread evenly over the same width.
/// area: tap s of n is cut where the m new taps meet, each part goes to the tap in which it lies: columns sum to 1, so
/// sums are kept exactly, and equal taps stay equal.
/// bilinear: linear interpolation between the taps' centres (the ends repeated), times n / m.
std::vector<double> resampling(std::int64_t from, std::int64_t to, std::string_view method);

/// `planes` kernels (h, w) to (new_h, new_w). The sum of each kernel is kept: what bilinear misses is spread evenly.
std::vector<double> resample_kernels(std::span<const double> kernels, std::int64_t planes, std::int64_t h,
                                     std::int64_t w, std::int64_t new_h, std::int64_t new_w, std::string_view method);

}  // namespace fanin::init
