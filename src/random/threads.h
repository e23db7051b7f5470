// A range cut into pieces for several threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

namespace fanin::random {

/// The fewest elements that a thread is worth: 1 MiB of floats, some 200 us, ten times a thread's start.
constexpr std::size_t least_piece = std::size_t{1} << 18;

/// Calls work(begin, end) on pieces of [0, size) that together are the whole: on this thread alone unless a FillThreads
/// allows more and each gets at least least_piece elements. Pieces begin at multiples of 2^10 plus `lead`. `work` must
/// not throw.
void in_pieces(std::size_t size, std::size_t lead, const std::function<void(std::size_t, std::size_t)>& work);

/// How many threads the fills of this thread may use: what FillThreads says, else 1.
int fill_threads();

/// Calls work(turn, thread) for each turn of [0, count), each thread taking the next that is left, on up to `threads`
/// threads (this one is thread 0). Fills that `work` makes stay on their thread. `work` must not throw.
void in_turns(std::size_t count, std::size_t threads, const std::function<void(std::size_t, std::size_t)>& work);

/// How many threads the two above have started since the process began.
std::uint64_t threads_started();

}  // namespace fanin::random
