// MXCSR's flush-to-zero (bit 15) and denormals-are-zero (bit 6). The one x86-only file.
#include "fanin/base/denormals.h"

#include <xmmintrin.h>

namespace fanin {
namespace {
constexpr unsigned flush_bits = 0x8040;
}

DenormalGuard::DenormalGuard() : saved_(_mm_getcsr()) {
  _mm_setcsr(saved_ | flush_bits);
}
DenormalGuard::~DenormalGuard() {
  _mm_setcsr((_mm_getcsr() & ~flush_bits) | (saved_ & flush_bits));
}
bool DenormalGuard::active() {
  return (_mm_getcsr() & flush_bits) == flush_bits;
}

}  // namespace fanin
