// A range cut into pieces for several threads.
#pragma once
#include <cstddef>
#include <functional>

namespace fanin::random {

/// Calls work(begin, end) on pieces of [0, size) that together are the whole: on this thread alone unless a FillThreads
/// allows more and each gets at least 2^18 elements. Pieces begin at multiples of 2^10 plus `lead`. `work` must not
/// throw.
void in_pieces(std::size_t size, std::size_t lead, const std::function<void(std::size_t, std::size_t)>& work);

}  // namespace fanin::random
