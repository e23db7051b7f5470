// What a contender of bench/steps does: it gets ready, says so, then measures a round for each line that it reads.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

namespace fanin::bench {

/// The processor seconds that this process has used: what other processes take from the core does not count.
inline double now() {
  std::timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Steps a second of wall-clock time: what bench/loaded asks.
template <class Step>
double rate_of_round(double seconds, const Step& step) {
  const auto start = std::chrono::steady_clock::now();
  double passed = 0;
  std::int64_t steps = 0;
  for (; passed < seconds; ++steps) {
    step();
    passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return static_cast<double>(steps) / passed;
}

/// The median seconds of a step in a round of `seconds`.
template <class Step>
double median_of_round(double seconds, const Step& step) {
  std::vector<double> taken;
  for (const double start = now(); now() - start < seconds || taken.size() < 3;) {
    const double before = now();
    step();
    taken.push_back(now() - before);
  }
  std::nth_element(taken.begin(), taken.begin() + std::ssize(taken) / 2, taken.end());
  return taken[taken.size() / 2];
}

/// Says "ready FACTS", then answers each line of the standard input with the numbers of a round.
template <class Round>
void serve(const std::string& facts, const Round& round) {
  fmt::print("ready {}\n", facts);
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    fmt::print("{}\n", round());
    std::fflush(stdout);
  }
}

}  // namespace fanin::bench
