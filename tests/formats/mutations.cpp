// See the header. Blocks are counted by replacing the test program's operator new.
#include "formats/mutations.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

namespace {

// The largest block that was asked for since it was set to 0.
std::atomic<std::size_t> largest_block = 0;

void* counted(std::size_t size) {
  std::size_t seen = largest_block.load(std::memory_order_relaxed);
  while (seen < size && !largest_block.compare_exchange_weak(seen, size)) {
  }
  void* block = std::malloc(std::max<std::size_t>(size, 1));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(std::max<std::size_t>(size, 1));  // of std::stable_sort, which asks for less where there is less
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(std::max<std::size_t>(size, 1));
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete[](void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  std::free(block);
}

namespace fanin::testing {

void try_one(const Parser& parse, const Bytes& bytes, const Bytes& original, Counts& counts) {
  try {
    ++(parse(bytes) == original ? counts.same : counts.different);
  } catch (const Error& error) {
    ++counts.errors;
    EXPECT_STRNE(error.what(), "");
  }
}

void set_numbers(const Parser& parse, const Bytes& file, std::size_t most_reserved, int least_errors) {
  Counts counts;
  const Bytes original = parse(file);
  largest_block = 0;
  for (const std::size_t width : {2, 4, 8}) {
    for (std::size_t at = 0; at + width <= file.size(); ++at) {
      for (const std::uint64_t value :
           {std::uint64_t{0}, std::uint64_t{1} << (8 * width - 1), (std::uint64_t{1} << (8 * width - 1)) - 1,
            ~std::uint64_t{0}, ~std::uint64_t{0} - 7, std::uint64_t{1} << (4 * width), std::uint64_t{0x100}}) {
        for (const bool big : {false, true}) {
          Bytes bytes = file;
          for (std::size_t i = 0; i < width; ++i) {
            bytes[at + (big ? width - 1 - i : i)] = static_cast<std::uint8_t>(value >> (8 * i));
          }
          try_one(parse, bytes, original, counts);
        }
      }
    }
  }
  EXPECT_LE(largest_block, most_reserved);
  EXPECT_GT(counts.errors, least_errors);
}

Counts cut_everywhere(const Parser& parse, const Bytes& file) {
  Counts counts;
  const Bytes original = parse(file);
  for (std::size_t size = 0; size < file.size(); ++size) {
    try_one(parse, Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)), original, counts);
  }
  return counts;
}

Counts flip_and_edit(const Parser& parse, const Bytes& file, int edits) {
  Counts counts;
  const Bytes original = parse(file);
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    Bytes bytes = file;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
    try_one(parse, bytes, original, counts);
  }
  std::mt19937 random(1);
  for (int i = 0; i < edits; ++i) {
    Bytes bytes = file;
    for (unsigned k = random() % 4; k != ~0u; --k) {
      const auto at = bytes.begin() + random() % static_cast<std::uint32_t>(bytes.size());
      switch (random() % 4) {
        case 0:
          *at = static_cast<std::uint8_t>(random());
          break;
        case 1:
          *at = random() % 2 == 0 ? 0xff : 0;
          break;
        case 2:
          bytes.insert(at, static_cast<std::uint8_t>(random()));
          break;
        default:
          if (bytes.size() > 1) bytes.erase(at);
      }
    }
    try_one(parse, bytes, original, counts);
  }
  return counts;
}

}  // namespace fanin::testing
