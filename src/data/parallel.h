// A loop over independent items on all cores.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace fanin::data {

/// Calls work(i) for every i in [0, count), where each thread makes its own `work` with make_work(). Threads take
/// `chunk` items at a time. What is thrown for the lowest i is thrown here, so a bad input is always reported by the
/// same item.
template <class MakeWork>
void parallel_for(std::int64_t count, std::int64_t chunk, MakeWork make_work) {
  std::atomic<std::int64_t> next{0}, failed_at{count};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto fail = [&](std::int64_t i) {
    const std::lock_guard lock(mutex);
    if (i >= failed_at) return;
    failed_at = i;
    failure = std::current_exception();
  };
  const auto run = [&] {
    try {
      auto work = make_work();
      for (std::int64_t begin = next.fetch_add(chunk); begin < failed_at; begin = next.fetch_add(chunk)) {
        for (std::int64_t i = begin; i < std::min(begin + chunk, failed_at.load()); ++i) {
          try {
            work(i);
          } catch (...) {
            fail(i);
          }
        }
      }
    } catch (...) {
      fail(-1);
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::int64_t chunks = (count + chunk - 1) / chunk;
    const std::int64_t wanted = std::min<std::int64_t>(std::thread::hardware_concurrency(), chunks) - 1;
    try {
      for (std::int64_t i = 0; i < wanted; ++i) helpers.emplace_back(run);
    } catch (const std::system_error&) {
      // Fewer threads than cores: the ones that there are, with this one, do the work.
    }
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace fanin::data
