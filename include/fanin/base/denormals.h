// Denormal numbers slow convolutions by two orders of magnitude; workers flush them to zero.
#pragma once

namespace fanin {

/// Sets flush-to-zero and denormals-are-zero (MXCSR) for this thread and puts the old state back at the end of scope.
class DenormalGuard {
 public:
  DenormalGuard();
  ~DenormalGuard();
  DenormalGuard(const DenormalGuard&) = delete;
  DenormalGuard& operator=(const DenormalGuard&) = delete;
  /// Whether this thread flushes now.
  static bool active();

 private:
  unsigned saved_;
};

}  // namespace fanin
