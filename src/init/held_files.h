// Parsed files shared by all that hold them: read once, forgotten when nobody holds them any more.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace fanin::init {

template <class Content>
class HeldFiles {
 public:
  /// The content by the path as written. `read` is called where nobody holds it; others wait for it meanwhile.
  template <class Read>
  std::shared_ptr<const Content> get(const std::string& path, Read read) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<const Content>& slot = held_[path];
    if (std::shared_ptr<const Content> content = slot.lock()) return content;
    auto content = std::make_shared<const Content>(read(path));
    slot = content;
    return content;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Content>> held_;
};

}  // namespace fanin::init
