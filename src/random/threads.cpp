#include "random/threads.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "fanin/random/stream.h"

namespace fanin::random {
namespace {

constexpr std::size_t alignment = std::size_t{1} << 10;
thread_local int allowed = 1;
std::atomic<std::uint64_t> started = 0;

}  // namespace

FillThreads::FillThreads(int count) : before_(allowed) {
  allowed = std::max(count, 1);
}

FillThreads::~FillThreads() {
  allowed = before_;
}

void in_pieces(std::size_t size, std::size_t lead, const std::function<void(std::size_t, std::size_t)>& work) {
  const std::size_t count = std::min(static_cast<std::size_t>(allowed), size / least_piece);
  if (count <= 1) return work(0, size);
  const auto edge = [&](std::size_t i) {
    return i == 0 ? 0 : i == count ? size : std::min(size / count * i / alignment * alignment + lead, size);
  };
  std::vector<std::jthread> threads;
  threads.reserve(count - 1);
  std::size_t mine = 1;  // the first piece, and those for which no thread could be started
  for (std::size_t i = count - 1; i >= 1; --i) {
    try {
      threads.emplace_back([&work, begin = edge(i), end = edge(i + 1)] { work(begin, end); });
      ++started;
    } catch (const std::system_error&) {
      mine = i + 1;
      break;
    }
  }
  work(0, edge(mine));
}

std::uint64_t threads_started() {
  return started;
}

int fill_threads() {
  return allowed;
}

void in_turns(std::size_t count, std::size_t threads, const std::function<void(std::size_t, std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto run = [&](std::size_t thread) {
    const FillThreads alone(1);
    for (std::size_t turn = next++; turn < count; turn = next++) work(turn, thread);
  };
  std::vector<std::jthread> others;
  const std::size_t wanted = std::min(threads, count);
  others.reserve(wanted);
  for (std::size_t thread = 1; thread < wanted; ++thread) {
    try {
      others.emplace_back(run, thread);
      ++started;
    } catch (const std::system_error&) {
      break;  // the others do its turns
    }
  }
  run(0);
}

}  // namespace fanin::random
