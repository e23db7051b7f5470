// fork and exec with pipes; poll until both are closed.
#include "support/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fanin::test {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void become_fanin(const std::vector<std::string>& arguments, const Call& call, int out, int err) {
  if (!call.out_path.empty()) out = ::open(call.out_path.c_str(), O_WRONLY | O_CREAT, 0666);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  if (!call.folder.empty() && ::chdir(call.folder.c_str()) != 0) std::_Exit(126);
  if (call.largest_file > 0) {
    const rlimit limit{static_cast<rlim_t>(call.largest_file), static_cast<rlim_t>(call.largest_file)};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);  // the write fails, as on a full disk
  }
  if (call.columns > 0) {
    ::unsetenv("CI");
    ::setenv("TERM", "xterm", 1);
  }
  for (const std::string& variable : call.environment) {
    const std::size_t equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> words;
  std::string program = FANIN_PROGRAM;
  words.push_back(program.data());
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execv(FANIN_PROGRAM, words.data());
  std::_Exit(127);
}

/// The two ends of a pseudo-terminal, in the order of a pipe's.
std::array<int, 2> open_terminal(int columns) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) throw std::runtime_error("no terminal");
  const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  ::ioctl(slave, TIOCSWINSZ, &size);
  return {master, slave};
}

}  // namespace

Outcome run_fanin(const std::vector<std::string>& arguments, const Call& call) {
  std::array<int, 2> out{}, err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  if (call.columns > 0) {
    err = open_terminal(call.columns);
  } else if (::pipe2(err.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) become_fanin(arguments, call, out[1], err[1]);
  ::close(out[1]);
  ::close(err[1]);

  Outcome outcome;
  std::array<pollfd, 2> watched = {pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
  int to_send = call.signal != 0 ? call.signals : 0;
  int open = 2;
  const Clock::time_point start = Clock::now();
  Clock::time_point signalled = start;
  const auto send = [&] {
    if (to_send == call.signals) signalled = Clock::now();
    ::kill(child, call.signal);
    if (--to_send > 0) ::usleep(1000);  // two signals of a kind at once would be one
  };
  while (open > 0) {
    const double wait = call.signal_after - seconds_since(start);
    const bool timed = to_send > 0 && call.signal_after >= 0;
    if (timed && wait <= 0) send();
    const timespec pause{static_cast<time_t>(std::max(wait, 0.0)),
                         static_cast<long>(std::fmod(std::max(wait, 0.0), 1.0) * 1e9)};
    if (::ppoll(watched.data(), watched.size(), timed && wait > 0 ? &pause : nullptr, nullptr) <= 0) continue;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      const ssize_t count = ::read(watched[i].fd, buffer.data(), buffer.size());
      if (count > 0) {
        (i == 0 ? outcome.out : outcome.err).append(buffer.data(), static_cast<std::size_t>(count));
      } else {
        ::close(watched[i].fd);
        watched[i].fd = -1;
        --open;
      }
    }
    while (to_send > 0 && call.signal_after < 0 && outcome.err.find(call.signal_when) != std::string::npos) send();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.seconds = seconds_since(start);
  outcome.seconds_left = seconds_since(signalled);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return outcome;
}

TemporaryFolder::TemporaryFolder() {
  // In memory where that may be: thousands of syncs of small files would take minutes on a disk.
  for (const std::filesystem::path& place :
       {std::filesystem::path("/dev/shm"), std::filesystem::temp_directory_path()}) {
    std::string pattern = (place / "fanin-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) continue;
    path_ = pattern;
    return;
  }
  throw std::runtime_error("no temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_text(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

namespace {

constexpr int side = 16, classes = 4;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xFFU);
  return bytes;
}

void write_idx_part(const std::filesystem::path& folder, const std::string& part, std::uint32_t count) {
  std::string images = big_endian(0x00000803) + big_endian(count) + big_endian(side) + big_endian(side);
  std::string labels = big_endian(0x00000801) + big_endian(count);
  std::uint32_t noise = 12345 + count;
  for (std::uint32_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % classes);
    labels += static_cast<char>(label);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        noise = noise * 1664525U + 1013904223U;            // Numerical Recipes' generator: any noise will do
        const bool bright = (y / 8) * 2 + x / 8 == label;  // a bright quarter each
        images += static_cast<char>((bright ? 120 : 20) + static_cast<int>(noise >> 25));
      }
    }
  }
  write_text(folder / (part + "-images-idx3-ubyte"), images);
  write_text(folder / (part + "-labels-idx1-ubyte"), labels);
}

}  // namespace

void write_idx_dataset(const std::filesystem::path& folder) {
  write_idx_part(folder, "train", 640);
  write_idx_part(folder, "t10k", 128);
}

}  // namespace fanin::test
