// MT19937: Matsumoto, Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998; seeding of the 2002 revision.
#include <algorithm>

#include "fanin/base/error.h"
#include "fanin/random/compat.h"

namespace fanin::random::compat {
namespace {

constexpr std::size_t words = 624, offset = 397;

constexpr std::uint32_t twist(std::uint32_t high, std::uint32_t low) {
  const std::uint32_t joined = (high & 0x80000000u) | (low & 0x7FFFFFFFu);
  return joined >> 1 ^ ((joined & 1u) != 0 ? 0x9908B0DFu : 0u);
}

}  // namespace

Mt19937::Mt19937(std::uint32_t seed) {
  state_[0] = seed;
  for (std::uint32_t j = 1; j < words; ++j) state_[j] = 1812433253u * (state_[j - 1] ^ state_[j - 1] >> 30) + j;
}

Mt19937 Mt19937::from_array(std::span<const std::uint32_t> key) {
  if (key.empty()) throw Error("a seed of words needs at least one word");
  Mt19937 made(19650218u);
  auto& state = made.state_;
  std::size_t i = 1, j = 0;
  const auto advance = [&] {
    if (++i == words) {
      state[0] = state[words - 1];
      i = 1;
    }
  };
  for (std::size_t k = std::max(words, key.size()); k > 0; --k) {
    state[i] = (state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) * 1664525u) + key[j] + static_cast<std::uint32_t>(j);
    advance();
    if (++j == key.size()) j = 0;
  }
  for (std::size_t k = words - 1; k > 0; --k) {
    state[i] = (state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) * 1566083941u) - static_cast<std::uint32_t>(i);
    advance();
  }
  state[0] = 0x80000000u;
  return made;
}

void Mt19937::refill() {
  for (std::size_t i = 0; i < words - offset; ++i) state_[i] = state_[i + offset] ^ twist(state_[i], state_[i + 1]);
  for (std::size_t i = words - offset; i < words - 1; ++i)
    state_[i] = state_[i + offset - words] ^ twist(state_[i], state_[i + 1]);
  state_[words - 1] = state_[offset - 1] ^ twist(state_[words - 1], state_[0]);
  position_ = 0;
}

std::uint32_t Mt19937::next() {
  if (position_ == words) refill();
  std::uint32_t y = state_[position_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  return y ^ y >> 18;
}

}  // namespace fanin::random::compat
