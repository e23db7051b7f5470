// Loaded into the program before the C library (LD_PRELOAD): from the n-th call on that would change a file below a
// folder, every such call fails as on a full disk, or the process is killed there.
//
//   FANIN_TEST_DISK=FOLDER     only calls on what is below it count
//   FANIN_TEST_FAIL_AT=N       from the N-th on (1 is the first): ENOSPC
//   FANIN_TEST_KILL_AT=N       at the N-th, before it does anything: SIGKILL
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> calls = 0;

long number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atol(text);
}

/// Counts a call on `path`; whether it is to fail.
bool refused(const char* path) {
  static const char* const disk = std::getenv("FANIN_TEST_DISK");
  static const long fail_at = number("FANIN_TEST_FAIL_AT"), kill_at = number("FANIN_TEST_KILL_AT");
  if (disk == nullptr || path == nullptr || std::strncmp(path, disk, std::strlen(disk)) != 0) return false;
  const long call = ++calls;
  if (call == kill_at) ::raise(SIGKILL);
  if (fail_at == 0 || call < fail_at) return false;
  errno = ENOSPC;
  return true;
}

bool refused(int descriptor) {
  char link[64], path[4096];
  std::strcpy(link, "/proc/self/fd/");
  char digits[16];
  int count = 0;
  for (int rest = descriptor; rest > 0 || count == 0; rest /= 10) digits[count++] = static_cast<char>('0' + rest % 10);
  std::size_t end = std::strlen(link);
  while (count > 0) link[end++] = digits[--count];
  link[end] = '\0';
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return refused(path);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool makes_a_file(int flags) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
  return refused(descriptor) ? -1 : real(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  static auto* const real = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return refused(descriptor) ? -1 : real(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t offset) {
  static auto* const real = next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return refused(descriptor) ? -1 : real(descriptor, bytes, count, offset);
}

int fsync(int descriptor) {
  static auto* const real = next<int(int)>("fsync");
  return refused(descriptor) ? -1 : real(descriptor);
}

int fdatasync(int descriptor) {
  static auto* const real = next<int(int)>("fdatasync");
  return refused(descriptor) ? -1 : real(descriptor);
}

int mkdir(const char* path, mode_t mode) {
  static auto* const real = next<int(const char*, mode_t)>("mkdir");
  return refused(path) ? -1 : real(path, mode);
}

int rename(const char* from, const char* to) {
  static auto* const real = next<int(const char*, const char*)>("rename");
  return refused(to) ? -1 : real(from, to);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  static auto* const real = next<int(int, const char*, int, const char*, int)>("linkat");
  return refused(to) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int open(const char* path, int flags, ...) {
  static auto* const real = next<int(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = makes_a_file(flags) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return makes_a_file(flags) && refused(path) ? -1 : real(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  static auto* const real = next<int(const char*, int, ...)>("open64");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = makes_a_file(flags) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return makes_a_file(flags) && refused(path) ? -1 : real(path, flags, mode);
}

}  // extern "C"
