// A signal handler may do next to nothing, so it writes a byte into a pipe; a thread that reads it does the rest.
#include "cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "fanin/base/error.h"

namespace fanin::cli {

namespace {

constexpr std::array caught = {SIGINT, SIGTERM};
constexpr int patience = 800;  // milliseconds
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

[[noreturn]] void end_now(std::string_view message) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message.data(), message.size());
  ::_exit(130);
}

/// The next byte of the pipe; none when `milliseconds` pass without one (-1: waits for ever).
std::optional<char> next_byte(int read_end, int milliseconds) {
  pollfd watched{read_end, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&watched, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  char byte = 0;
  if (ready <= 0 || ::read(read_end, &byte, 1) != 1) return std::nullopt;
  return byte;
}

}  // namespace

StopOnSignal::StopOnSignal() {
  if (::pipe2(pipe_, O_CLOEXEC) != 0) throw Failure("no pipe can be made: too many files are open");
  write_end = pipe_[1];
  signals_seen = 0;
  watcher_ = std::thread([this] { watch(); });
  install(on_signal);
}

void StopOnSignal::keep(std::string message) {
  const std::lock_guard lock(mutex_);
  message_ = std::move(message);
  keeping_ = true;
}

void StopOnSignal::watch() {
  if (next_byte(pipe_[0], -1) != from_signal) return;
  std::string message;
  {
    const std::lock_guard lock(mutex_);
    if (!keeping_) end_now("fanin: stopped; nothing was begun\n");
    message = message_;
  }
  source_.request_stop();
  if (!next_byte(pipe_[0], patience)) end_now(message);
}

StopOnSignal::~StopOnSignal() {
  install(SIG_DFL);
  [[maybe_unused]] const auto written = ::write(pipe_[1], &from_destructor, 1);
  watcher_.join();
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

}  // namespace fanin::cli
