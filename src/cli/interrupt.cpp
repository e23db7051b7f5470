// A signal handler may do next to nothing, so it writes a byte into a pipe; a thread that reads it does the rest.
#include "cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

#include "fanin/base/error.h"

namespace fanin::cli {

namespace {

constexpr std::array caught = {SIGINT, SIGTERM};
constexpr char from_signal = 's', from_destructor = 'd';

// The handler's own state: it gets no argument to find it by.
std::atomic<int> write_end = -1;
std::atomic<int> signals_seen = 0;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int signal) {
  const int saved = errno;
  if (signals_seen++ == 0) {
    [[maybe_unused]] const auto written = ::write(write_end, &from_signal, 1);
  } else {
    std::signal(signal, SIG_DFL);
    std::raise(signal);  // held back until the handler returns, then it ends the process
  }
  errno = saved;
}

/// Installs `handler` for the caught signals that are not ignored.
void install(void (*handler)(int)) {
  for (const int signal : caught) {
    struct sigaction old {};
    sigaction(signal, nullptr, &old);
    if (old.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

StopOnSignal::StopOnSignal() {
  if (::pipe2(pipe_, O_CLOEXEC) != 0) throw Failure("no pipe can be made: too many files are open");
  write_end = pipe_[1];
  signals_seen = 0;
  watcher_ = std::thread([source = source_, read_end = pipe_[0]]() mutable {
    char byte = 0;
    while (::read(read_end, &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte == from_signal) source.request_stop();
  });
  install(on_signal);
}

StopOnSignal::~StopOnSignal() {
  install(SIG_DFL);
  [[maybe_unused]] const auto written = ::write(pipe_[1], &from_destructor, 1);
  watcher_.join();
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

}  // namespace fanin::cli
