// Damaged files: cut at every length, every bit flipped, extreme numbers at every place, random edits. The answer is an
// Error or a valid parse, and nothing is reserved that the file cannot fill; where the format has checksums, a valid
// parse gives the original content.
#include <gmock/gmock.h>

#include "fanin/formats/gzip.h"
#include "fanin/formats/idx.h"
#include "fanin/formats/npz.h"
#include "fanin/formats/safetensors.h"
#include "fanin/formats/zip.h"
#include "formats/mutations.h"
#include "formats/samples.h"

namespace fanin::formats {
namespace {

constexpr std::size_t inflation = 1032;  // deflate's greatest ratio
constexpr std::size_t cap = 1 << 20;     // of what the parsers below may inflate

using testing::Bytes;
using testing::Counts;
using testing::cut_everywhere;
using testing::flip_and_edit;
using testing::from_hex;
using testing::from_text;
using testing::sample_image;
using testing::set_numbers;

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
