// Ctrl-C and SIGTERM as a stop token.
#pragma once
#include <stop_token>
#include <thread>

namespace fanin::cli {

/// While it lives, the first SIGINT or SIGTERM asks `token()` to stop; a second one ends the process as if it were not
/// caught. A signal that the caller of the program has set to be ignored stays ignored. One at a time.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  int pipe_[2];
  std::thread watcher_;
};

}  // namespace fanin::cli
