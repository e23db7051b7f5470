// Reading whole files and replacing them atomically.
#include "fanin/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/system_error.h"
#include "fanin/base/error.h"

namespace fanin {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void open(const char* path, int flags) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::open(path, flags, 0666);
  }
  int close() {
    const int result = ::close(fd_);
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

}  // namespace

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  // O_NONBLOCK: a pipe in place of a file must not make us wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) throw_system_error(errno, fmt::format("cannot read '{}'", path.string()));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(fmt::format("cannot read '{}': not a regular file", path.string()));
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_bytes) {
    throw Error(fmt::format("'{}' has {} bytes; at most {} were expected", path.string(), size, max_bytes));
  }
  std::vector<std::uint8_t> bytes(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Failure(fmt::format("cannot read '{}': {}", path.string(), std::strerror(errno)));
    if (got == 0) break;  // the file shrank while it was read
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

namespace {

// The errno of what failed, or 0.
int write_all(int descriptor, std::span<const std::uint8_t> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    done += static_cast<std::size_t>(put);
  }
  return 0;
}

}  // namespace

struct AtomicFile::State {
  std::filesystem::path path;
  std::string temporary;
  Descriptor file{-1};
  bool named = false;  // the temporary name exists

  [[noreturn]] void fail(int error) const {
    throw_system_error(error, fmt::format("cannot write '{}'", path.string()));
  }

  // A file that has no name until it is whole, so that a killed process leaves nothing behind. Not every file system
  // has such files, and naming them needs /proc.
  int open_unnamed() {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    if (::access("/proc/self/fd", X_OK) != 0) return ENOENT;
    file.open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC);
    return file.get() < 0 ? errno : 0;
  }

  int open_named() {
    file.open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
    if (file.get() < 0) return errno;
    named = true;
    return 0;
  }

  int give_name() {
    const std::string link = fmt::format("/proc/self/fd/{}", file.get());
    if (::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW) != 0) return errno;
    named = true;
    return 0;
  }

  // Where the file without a name cannot get one: its bytes again, under a name.
  int copy_to_named() {
    const int source = ::dup(file.get());
    if (source < 0) return errno;
    const Descriptor from(source);
    if (const int error = open_named()) return error;
    std::vector<std::uint8_t> piece(std::size_t{1} << 20);
    for (off_t at = 0;;) {
      const ssize_t got = ::pread(from.get(), piece.data(), piece.size(), at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      if (got == 0) break;
      if (const int error = write_all(file.get(), std::span(piece).first(static_cast<std::size_t>(got)))) return error;
      at += got;
    }
    return ::fsync(file.get()) != 0 ? errno : 0;
  }
};

AtomicFile::AtomicFile(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  struct stat status {};
  // Renaming over a device or a pipe would replace it.
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw Error(fmt::format("cannot write '{}': not a regular file", path.string()));
  }
  static std::atomic<unsigned> counter{0};  // several threads may write files of one name
  state_->path = path;
  state_->temporary = fmt::format("{}.{}.{}.tmp", path.string(), ::getpid(), counter++);
  int error = state_->open_unnamed();
  if (error != 0 && !is_environment_error(error)) error = state_->open_named();
  if (error != 0) state_->fail(error);
}

AtomicFile::~AtomicFile() {
  if (state_->named) ::unlink(state_->temporary.c_str());
}

void AtomicFile::write(std::span<const std::uint8_t> bytes) {
  if (const int error = write_all(state_->file.get(), bytes)) state_->fail(error);
}

void AtomicFile::commit() {
  int error = ::fsync(state_->file.get()) != 0 ? errno : 0;
  if (error == 0 && !state_->named) {
    error = state_->give_name();
    if (error != 0 && !is_environment_error(error)) error = state_->copy_to_named();
  }
  if (state_->file.close() != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(state_->temporary.c_str(), state_->path.c_str()) != 0) error = errno;
  if (error != 0) state_->fail(error);
  state_->named = false;
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  write_file_atomically(path, std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

void remove_remains(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::vector<std::filesystem::path> remains;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string full = entry.path().filename().native();
    std::string_view name = full;
    if (!name.ends_with(".tmp")) continue;
    name.remove_suffix(4);
    int numbers = 0;  // the process's and the counter's
    for (; numbers < 2; ++numbers) {
      const std::size_t dot = name.find_last_not_of("0123456789");
      if (dot == std::string_view::npos || name[dot] != '.' || dot + 1 == name.size()) break;
      name.remove_suffix(name.size() - dot);
    }
    if (numbers == 2 && entry.is_regular_file(ignored)) remains.push_back(entry.path());
  }
  for (const std::filesystem::path& path : remains) std::filesystem::remove(path, ignored);
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && !std::filesystem::is_directory(path, error)) error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw_system_error(error.value(), fmt::format("cannot make the folder '{}'", path.string()));
}

}  // namespace fanin
