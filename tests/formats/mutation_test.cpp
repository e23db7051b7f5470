// Damaged files: cut at every length, every bit flipped, extreme numbers at every place, random edits. The answer is an
// Error or a valid parse, and nothing is reserved that the file cannot fill; where the format has checksums, a valid
// parse gives the original content.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <random>

#include "fanin/formats/gzip.h"
#include "fanin/formats/idx.h"
#include "fanin/formats/npz.h"
#include "fanin/formats/safetensors.h"
#include "fanin/formats/zip.h"
#include "formats/samples.h"

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

namespace fanin::formats {
namespace {

constexpr std::size_t inflation = 1032;  // deflate's greatest ratio
constexpr std::size_t cap = 1 << 20;     // of what the parsers below may inflate

using testing::Bytes;
using testing::from_hex;
using testing::from_text;
using testing::sample_image;

// Parses and gives the content as bytes, to be compared.
using Parser = std::function<Bytes(const Bytes&)>;

struct Counts {
  int errors = 0, same = 0, different = 0;
};

void try_one(const Parser& parse, const Bytes& bytes, const Bytes& original, Counts& counts) {
  try {
    ++(parse(bytes) == original ? counts.same : counts.different);
  } catch (const Error& error) {
    ++counts.errors;
    EXPECT_STRNE(error.what(), "");
  }
}

/// Extreme numbers of two, four and eight bytes in both byte orders at every place: sizes, counts and offsets.
void set_numbers(const Parser& parse, const Bytes& file, std::size_t most_reserved) {
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
  EXPECT_GT(counts.errors, 500);
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

void put(Bytes& out, const Array& array) {
  out.insert(out.end(), array.bytes.begin(), array.bytes.end());
  for (const std::int64_t extent : array.shape) out.push_back(static_cast<std::uint8_t>(extent));
}

Bytes parse_gzip_bytes(const Bytes& bytes) {
  return gunzip(bytes, "x", cap);
}

Bytes parse_zip_bytes(const Bytes& bytes) {
  const ZipArchive archive(bytes, "x");
  Bytes out;
  for (const ZipEntry& entry : archive.entries()) {
    const Bytes content = archive.read(entry, cap);
    out.insert(out.end(), content.begin(), content.end());
  }
  return out;
}

Bytes parse_idx_bytes(const Bytes& bytes) {
  return parse_idx(bytes, "x").bytes;
}

Bytes parse_npy_bytes(const Bytes& bytes) {
  Bytes out;
  put(out, parse_npy(bytes, "x"));
  return out;
}

Bytes parse_npz_bytes(const Bytes& bytes) {
  Bytes out;
  for (const NamedArray& named : parse_npz(bytes, "x")) put(out, named.array);
  return out;
}

Bytes parse_safetensors_bytes(const Bytes& bytes) {
  Bytes out;
  for (const NamedArray& named : parse_safetensors(bytes, "x").arrays) put(out, named.array);
  return out;
}

Bytes parse_image_bytes(const Bytes& bytes) {
  return decode_image(bytes, "x").pixels;
}

TEST(Mutations, Gzip) {
  const Bytes file = testing::gzipped(from_text("a few words that deflate to a few words, words, words"));
  EXPECT_EQ(cut_everywhere(parse_gzip_bytes, file).errors, static_cast<int>(file.size()));
  const Counts counts = flip_and_edit(parse_gzip_bytes, file, 5000);
  EXPECT_EQ(counts.different, 0);
  EXPECT_GT(counts.errors, 500);
  set_numbers(parse_gzip_bytes, file, cap + inflation * file.size());
}

TEST(Mutations, Zip) {
  const Bytes hello = from_text("hello"), world = from_text("wide world");
  const Bytes file = encode_zip(std::vector<ZipContent>{{"a/hello.txt", hello}, {"b", world}});
  EXPECT_EQ(cut_everywhere(parse_zip_bytes, file).errors, static_cast<int>(file.size()));
  EXPECT_GT(flip_and_edit(parse_zip_bytes, file, 5000).errors, 2000);
  set_numbers(parse_zip_bytes, file, cap);
}

TEST(Mutations, Idx) {
  const Bytes file = from_hex("000008030000000200000002000000020001020304050607");
  EXPECT_EQ(cut_everywhere(parse_idx_bytes, file).errors, static_cast<int>(file.size()));
  flip_and_edit(parse_idx_bytes, file, 5000);
  set_numbers(parse_idx_bytes, file, cap);
}

TEST(Mutations, Npy) {
  const Bytes file = encode_npy(to_array(Tensor{{2, 3}, {1, 2, 3, 4, 5, 6}}));
  EXPECT_EQ(cut_everywhere(parse_npy_bytes, file).errors, static_cast<int>(file.size()));
  flip_and_edit(parse_npy_bytes, file, 5000);
  set_numbers(parse_npy_bytes, file, cap);
}

TEST(Mutations, Npz) {
  const Bytes file = encode_npz(std::vector<NamedArray>{{"w", to_array(Tensor{{2}, {1, 2}})}});
  EXPECT_EQ(cut_everywhere(parse_npz_bytes, file).errors, static_cast<int>(file.size()));
  EXPECT_EQ(flip_and_edit(parse_npz_bytes, file, 5000).different, 0);
  set_numbers(parse_npz_bytes, file, cap);
}

TEST(Mutations, Safetensors) {
  const Bytes file = encode_safetensors(
      {{{"w", to_array(Tensor{{2, 2}, {1, 2, 3, 4}})}, {"b", to_array(Tensor{{1}, {5}})}}, {{"format", "pt"}}});
  EXPECT_EQ(cut_everywhere(parse_safetensors_bytes, file).errors, static_cast<int>(file.size()));
  flip_and_edit(parse_safetensors_bytes, file, 5000);
  set_numbers(parse_safetensors_bytes, file, cap);
}

TEST(Mutations, Png) {
  const Bytes file = encode_png(sample_image(3, 4, 5));
  EXPECT_EQ(cut_everywhere(parse_image_bytes, file).errors, static_cast<int>(file.size()));
  const Counts counts = flip_and_edit(parse_image_bytes, file, 5000);
  EXPECT_EQ(counts.different, 0) << "every chunk has a CRC";
  set_numbers(parse_image_bytes, file, cap);
}

TEST(Mutations, Jpeg) {
  for (const bool progressive : {false, true}) {
    const Bytes file = testing::encode_jpeg(sample_image(3, 16, 16), 75, progressive);
    const Counts cut = cut_everywhere(parse_image_bytes, file);
    EXPECT_GE(cut.errors, static_cast<int>(file.size()) - 2) << "the end marker alone may be missing";
    EXPECT_GT(flip_and_edit(parse_image_bytes, file, 5000).errors, 500);
  }
}

}  // namespace
}  // namespace fanin::formats
