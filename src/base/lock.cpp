// flock and not fcntl: it belongs to the open file, so two runs inside one process exclude each other too.
#include "fanin/base/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/system_error.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"

namespace fanin {
namespace {

std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0; i < size && text[static_cast<std::size_t>(i)] >= '0' && text[static_cast<std::size_t>(i)] <= '9';
       ++i) {
    pid += text[static_cast<std::size_t>(i)];
  }
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw_system_error(errno, fmt::format("{} cannot be written", path.string()));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    const std::string who = holder(descriptor_);
    ::close(descriptor_);
    if (reason != EWOULDBLOCK) {
      throw_system_error(reason, fmt::format("{} cannot be locked", path.string()));
    }
    throw Error(fmt::format("{} is in use by {}; wait until it ends or give another folder", folder.string(), who));
  }
  remove_remains(folder);
  const std::string pid = fmt::format("{}\n", ::getpid());
  // The number only serves the message above: a full disk shall not stop a run here.
  if (::ftruncate(descriptor_, 0) == 0) static_cast<void>(!::pwrite(descriptor_, pid.data(), pid.size(), 0));
}

// The file stays: removing it would let a third process lock a new file while a second one holds the old.
FolderLock::~FolderLock() {
  ::close(descriptor_);
}

}  // namespace fanin
