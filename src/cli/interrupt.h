// Ctrl-C and SIGTERM: a stop token, and a promise that the program ends soon.
#pragma once
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace fanin::cli {

/// While it lives, the first SIGINT or SIGTERM ends the program within a second, with exit code 130; a second one ends
/// the process as if it were not caught. A signal that the caller of the program has set to be ignored stays ignored.
/// One at a time.
///
/// At first there is nothing to keep (options and data are read), and the program ends on the spot. After keep() the
/// signal asks token() to stop, and the work has `patience` to record what it did and to throw Interrupted. Where it
/// does not (one operator on a huge batch may take longer), the program ends without it: all files are written so that
/// they are whole at any moment.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  /// From here on there is something to keep; `message` (whole lines) tells how to go on, where the program must end
  /// without waiting.
  void keep(std::string message);
  std::stop_token token() const { return source_.get_token(); }

 private:
  void watch();

  std::stop_source source_;
  std::mutex mutex_;
  std::string message_;   // guarded by mutex_
  bool keeping_ = false;  // guarded by mutex_
  int pipe_[2];
  std::thread watcher_;
};

}  // namespace fanin::cli
