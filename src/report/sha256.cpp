// SHA-256 and Base64, as the standards write them. The constants are made from their definition: the first 32 bits of
// the fractional parts of square and cube roots of the first primes.
#include "report/sha256.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fanin::report {
namespace {

using Words = std::array<std::uint32_t, 64>;

struct Constants {
  std::array<std::uint32_t, 8> initial;  // of square roots
  Words round;                           // of cube roots
};

// 64-bit significands: the cube root of the 64th prime, 311, leaves 60 bits after the point, 32 of which are taken.
std::uint32_t first_fraction_bits(long double root) {
  return static_cast<std::uint32_t>((root - std::floor(root)) * 4294967296.0L);
}

Constants make_constants() {
  Constants constants{};
  std::size_t found = 0;
  for (unsigned candidate = 2; found < 64; ++candidate) {
    bool prime = true;
    for (unsigned divisor = 2; divisor * divisor <= candidate; ++divisor) prime = prime && candidate % divisor != 0;
    if (!prime) continue;
    if (found < 8) constants.initial[found] = first_fraction_bits(std::sqrt(static_cast<long double>(candidate)));
    constants.round[found++] = first_fraction_bits(std::cbrt(static_cast<long double>(candidate)));
  }
  return constants;
}

void add_block(std::array<std::uint32_t, 8>& state, const std::uint8_t* block, const Words& round) {
  Words w{};
  for (std::size_t i = 0; i < 16; ++i)
    w[i] = std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 |
           std::uint32_t{block[4 * i + 2]} << 8 | std::uint32_t{block[4 * i + 3]};
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t t1 =
        h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + round[i] + w[i];
    const std::uint32_t t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += added[i];
}

}  // namespace

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
  static const Constants constants = make_constants();
  std::string padded(bytes);
  padded.push_back(static_cast<char>(0x80));
  while (padded.size() % 64 != 56) padded.push_back('\0');
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded.push_back(static_cast<char>(bits >> shift & 0xff));

  std::array<std::uint32_t, 8> state = constants.initial;
  for (std::size_t at = 0; at < padded.size(); at += 64)
    add_block(state, reinterpret_cast<const std::uint8_t*>(padded.data()) + at, constants.round);

  std::array<std::uint8_t, 32> digest{};
  for (std::size_t i = 0; i < 32; ++i) digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)) & 0xff);
  return digest;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t taken = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < taken ? static_cast<std::uint8_t>(bytes[at + i]) : std::uint32_t{0});
    for (std::size_t i = 0; i < 4; ++i) text.push_back(i <= taken ? digits[group >> (18 - 6 * i) & 63] : '=');
  }
  return text;
}

std::string script_hash(std::string_view script) {
  const auto digest = sha256(script);
  return "sha256-" + base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace fanin::report
