// What a contender of bench/steps does: it gets ready, says so, then measures a round for each line that it reads.
#pragma once
#include <fmt/format.h>

#include <algorithm>
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
