// JPEG and PNG.
#include <gmock/gmock.h>

#include <cstdlib>

#include "formats/samples.h"

namespace fanin::formats {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::encode_jpeg;
using testing::error_of;
using testing::from_hex;
using testing::from_text;
using ::testing::HasSubstr;
using testing::sample_image;

int largest_difference(const Image& a, const Image& b) {
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  return largest;
}

TEST(Png, ReadsWhatItWrites) {
  for (const std::int64_t channels : {1, 3}) {
    for (const auto& [height, width] : {std::pair{1, 1}, {7, 5}, {16, 33}}) {
      const Image image = sample_image(channels, height, width);
      const Image again = decode_image(encode_png(image), "x.png");
      EXPECT_EQ(again.channels, channels);
      EXPECT_EQ(again.height, height);
      EXPECT_EQ(again.width, width);
      EXPECT_EQ(again.pixels, image.pixels);
    }
  }
}

TEST(Png, RefusesToWriteWhatDoesNotFit) {
  EXPECT_EQ(error_of([] {
              encode_png({2, 1, 1, {1, 2}});
            }),
            "PNG of 2 channels, 1x1, 2 samples: expected 1 or 3 channels of at most 65536x65536");
  EXPECT_NE(error_of([] { encode_png({1, 2, 2, {1, 2}}); }), "");
  EXPECT_NE(error_of([] { encode_png({1, 0, 0, {}}); }), "");
}

void put_chunk(Bytes& file, std::string_view type, const Bytes& data) {
  const auto put = [&](std::uint64_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<std::uint8_t>(value >> shift));
  };
  put(data.size());
  const std::size_t begin = file.size();
  file.insert(file.end(), type.begin(), type.end());
  file.insert(file.end(), data.begin(), data.end());
  put(crc32(0, file.data() + begin, static_cast<uInt>(file.size() - begin)));
}

// `header` is IHDR's data in hexadecimal; `rows` the filtered rows.
Bytes make_png(std::string_view header, const Bytes& rows, const Bytes& palette = {}, const Bytes& transparency = {}) {
  Bytes file = from_hex("89504e470d0a1a0a");
  put_chunk(file, "IHDR", from_hex(header));
  if (!palette.empty()) put_chunk(file, "PLTE", palette);
  if (!transparency.empty()) put_chunk(file, "tRNS", transparency);
  put_chunk(file, "IDAT", testing::deflated(rows, 15));
  put_chunk(file, "IEND", {});
  return file;
}

TEST(Png, ExpandsPalettesAndSmallDepthsAndDropsAlpha) {
  // Two pixels of a palette of 1 bit, with transparency.
  const Image palette =
      decode_png(make_png("00000002000000010103000000", {0, 0x40}, {1, 2, 3, 250, 251, 252}, {0, 128}), "x");
  EXPECT_EQ(palette.channels, 3);
  EXPECT_THAT(palette.pixels, ElementsAre(1, 250, 2, 251, 3, 252));
  // Grey of 2 bits: 0, 1, 2, 3.
  EXPECT_THAT(decode_png(make_png("00000004000000010200000000", {0, 0x1b}), "x").pixels, ElementsAre(0, 85, 170, 255));
  // Grey of 16 bits, scaled and rounded, not cut: 0x00ff is 0.996 of a step.
  EXPECT_THAT(decode_png(make_png("00000002000000011000000000", {0, 0x00, 0xff, 0xff, 0xff}), "x").pixels,
              ElementsAre(1, 255));
  // Grey and RGB with alpha.
  EXPECT_THAT(decode_png(make_png("00000001000000010804000000", {0, 77, 0}), "x").pixels, ElementsAre(77));
  const Image rgb = decode_png(make_png("00000001000000010806000000", {0, 9, 8, 7, 0}), "x");
  EXPECT_EQ(rgb.channels, 3);
  EXPECT_THAT(rgb.pixels, ElementsAre(9, 8, 7));
}

TEST(Png, RefusesDamage) {
  const Bytes whole = encode_png(sample_image(3, 6, 5));
  for (std::size_t size = 8; size < whole.size(); ++size) {
    EXPECT_THAT(error_of([&] { decode_png(Bytes(whole.begin(), whole.begin() + size), "x.png"); }),
                HasSubstr("x.png: corrupt PNG image ("))
        << size;
  }
  EXPECT_THAT(error_of([] { decode_png(make_png("0000ffff0000ffff0800000000", {0}), "x.png"); }),
              HasSubstr("more than 2^26 pixels"));
  EXPECT_THAT(error_of([] { decode_png(make_png("7fffffff000000010800000000", {0}), "x.png"); }),
              HasSubstr("x.png: corrupt"));
  EXPECT_THAT(error_of([] {
                decode_png(make_png("00000002000000020800000000", {0, 1, 2}), "x.png");
              }),
              HasSubstr("x.png: corrupt PNG image ("))
      << "one row of two";
  EXPECT_EQ(error_of([] { decode_png(from_text("GIF89a"), "x"); }), "x: not a PNG image");
}

TEST(Jpeg, DecodesGreyAndColour) {
  for (const bool progressive : {false, true}) {
    for (const std::int64_t channels : {1, 3}) {
      const Image image = sample_image(channels, 16, 24);
      const Image again = decode_image(encode_jpeg(image, 98, progressive), "x.jpg");
      EXPECT_EQ(again.channels, channels);
      EXPECT_EQ(again.height, 16);
      EXPECT_EQ(again.width, 24);
      EXPECT_LE(largest_difference(image, again), 12);
    }
  }
  EXPECT_EQ(decode_jpeg(encode_jpeg({1, 8, 8, Bytes(64, 100)}, 100), "x").pixels, Bytes(64, 100));
}

TEST(Jpeg, RefusesDamageAndWarnings) {
  const Bytes whole = encode_jpeg(sample_image(3, 16, 16), 90);
  for (std::size_t size = 3; size + 2 < whole.size(); ++size) {
    EXPECT_THAT(error_of([&] { decode_jpeg(Bytes(whole.begin(), whole.begin() + size), "x.jpg"); }),
                HasSubstr("x.jpg: corrupt JPEG image ("))
        << size;
  }
  EXPECT_EQ(error_of([&] { decode_jpeg(Bytes(whole.begin(), whole.end() - 60), "x.jpg"); }),
            "x.jpg: corrupt JPEG image (Premature end of JPEG file)");
  EXPECT_EQ(error_of([&] { decode_jpeg(encode_jpeg(sample_image(4, 8, 8), 90), "x.jpg"); }),
            "x.jpg: corrupt JPEG image (neither grey nor RGB)");
  EXPECT_EQ(error_of([] { decode_jpeg(from_text("GIF89a"), "x"); }), "x: not a JPEG image");
}

TEST(Image, IsToldByContent) {
  EXPECT_EQ(error_of([] { decode_image(from_text("GIF89a"), "x.jpg"); }), "x.jpg: neither a JPEG nor a PNG image");
  EXPECT_EQ(error_of([] { decode_image({}, "x.jpg"); }), "x.jpg: an empty file, expected a JPEG or PNG image");
}

}  // namespace
}  // namespace fanin::formats
