// gzip and IDX: the vectors of the formats' descriptions, and every way to be refused.
#include <gmock/gmock.h>

#include <cstring>

#include "fanin/base/file.h"
#include "fanin/formats/gzip.h"
#include "fanin/formats/idx.h"
#include "formats/samples.h"

namespace fanin::formats {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::error_of;
using testing::from_hex;
using testing::gzipped;
using ::testing::HasSubstr;
using testing::joined;

constexpr std::uint64_t cap = 1 << 20;
const Bytes labels_file = from_hex("00000801000000020701");
const Bytes labels_gzip = from_hex("1f8b08000000000002036360e0606460606062670400480adaad0a000000");

TEST(Gzip, InflatesTheVector) {
  EXPECT_EQ(gunzip(labels_gzip, "x.gz", cap), labels_file);
}

TEST(Gzip, JoinsMembersAndInflatesLongContent) {
  Bytes long_content(300'000);
  for (std::size_t i = 0; i < long_content.size(); ++i) long_content[i] = static_cast<std::uint8_t>(i * i >> 7);
  EXPECT_EQ(gunzip(joined(gzipped(long_content), gzipped(labels_file)), "x.gz", cap),
            joined(long_content, labels_file));
  EXPECT_EQ(gunzip(gzipped({}), "x.gz", cap), Bytes{});
}

TEST(Gzip, RefusesWhatIsDamaged) {
  const auto message = [](const Bytes& bytes) { return error_of([&] { gunzip(bytes, "x.gz", cap); }); };
  EXPECT_EQ(message(labels_file), "x.gz: not a gzip file (it does not start with 1f 8b), at byte 0");
  EXPECT_EQ(message(joined(labels_gzip, {1, 2, 3})),
            "x.gz: bytes after the gzip member that are not a member, at byte 30");
  for (std::size_t size = 2; size < labels_gzip.size(); ++size) {
    EXPECT_THAT(message(Bytes(labels_gzip.begin(), labels_gzip.begin() + size)),
                HasSubstr("truncated gzip file, at byte"));
  }
  Bytes wrong_crc = labels_gzip;
  wrong_crc[22] ^= 1;
  EXPECT_THAT(message(wrong_crc), HasSubstr("damaged gzip file (incorrect data check), at byte"));
  Bytes wrong_length = labels_gzip;
  wrong_length[26] ^= 1;
  EXPECT_THAT(message(wrong_length), HasSubstr("damaged gzip file (incorrect length check), at byte"));
}

TEST(Gzip, StopsAtTheCap) {
  const Bytes bomb = gzipped(Bytes(50'000'000, 0));
  EXPECT_LT(bomb.size(), 60'000u);
  EXPECT_EQ(error_of([&] { gunzip(bomb, "x.gz", cap); }), "x.gz: inflates to more than 1048576 bytes");
  EXPECT_EQ(gunzip(gzipped(Bytes(1000, 7)), "x.gz", 1000).size(), 1000u);
  EXPECT_NE(error_of([] { gunzip(gzipped(Bytes(1001, 7)), "x.gz", 1000); }), "");
}

TEST(Idx, ReadsTheVectors) {
  const Array images = parse_idx(from_hex("000008030000000200000002000000020001020304050607"), "x");
  EXPECT_EQ(images.type, ElementType::uint8);
  EXPECT_THAT(images.shape, ElementsAre(2, 2, 2));
  EXPECT_THAT(images.bytes, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(to_tensor(parse_idx(labels_file, "x")).values, ElementsAre(7, 1));
  EXPECT_THAT(to_tensor(parse_idx(from_hex("00000d01000000013fc00000"), "x")).values, ElementsAre(1.5f));
  EXPECT_THAT(to_tensor(parse_idx(from_hex("00000b0100000002fffe0102"), "x")).values, ElementsAre(-2, 258));
  EXPECT_THAT(to_tensor(parse_idx(from_hex("00000c01000000010001e240"), "x")).values, ElementsAre(123456));
  EXPECT_THAT(to_tensor(parse_idx(from_hex("0000090100000001ff"), "x")).values, ElementsAre(-1));
  EXPECT_THAT(to_tensor(parse_idx(from_hex("00000e0100000001bff8000000000000"), "x")).values, ElementsAre(-1.5f));
}

TEST(Idx, RefusesWhatDoesNotFit) {
  const auto message = [](std::string_view hex) { return error_of([&] { parse_idx(from_hex(hex), "x"); }); };
  EXPECT_EQ(message("0000"), "x: truncated IDX file (its header needs 4 bytes), at byte 2");
  EXPECT_EQ(message("89504e47"), "x: not an IDX file (it starts with 89 50, expected 00 00), at byte 0");
  EXPECT_EQ(message("00000a010000000100"),
            "x: unknown IDX element type 0a, expected 08, 09, 0b, 0c, 0d or 0e, at byte 2");
  EXPECT_EQ(message("00000800"), "x: IDX file of 0 dimensions, expected 1 to 4, at byte 3");
  EXPECT_EQ(message("00000805"), "x: IDX file of 5 dimensions, expected 1 to 4, at byte 3");
  EXPECT_EQ(message("000008020000"), "x: truncated IDX file (its header needs 12 bytes), at byte 6");
  EXPECT_EQ(message("000008010000000307"),
            "x: truncated IDX file: a uint8 array of 3 needs 3 bytes, the file has 1, at byte 9");
  EXPECT_EQ(message("0000080100000001070801"),
            "x: too long IDX file: a uint8 array of 1 needs 1 bytes, the file has 3, at byte 9");
  EXPECT_THAT(message("00000e04ffffffffffffffffffffffffffffffff"), HasSubstr("does not fit 63 bits"));
  EXPECT_THAT(message("00000804ffffffff000000020000000000000001"), ::testing::IsEmpty()) << "an empty array is sound";
}

TEST(Idx, ReadsFilesPlainAndGzipped) {
  const std::filesystem::path plain = ::testing::TempDir() + "fanin-labels",
                              packed = ::testing::TempDir() + "fanin-labels.gz";
  write_file_atomically(plain, std::span<const std::uint8_t>(labels_file));
  write_file_atomically(packed, std::span<const std::uint8_t>(labels_gzip));
  EXPECT_EQ(read_idx(plain).bytes, read_idx(packed).bytes);
  EXPECT_THAT(error_of([&] { read_idx(packed, 30); }), ::testing::IsEmpty());
  EXPECT_THAT(error_of([&] { read_idx(::testing::TempDir() + "fanin-no-such-file"); }),
              HasSubstr("fanin-no-such-file"));
}

}  // namespace
}  // namespace fanin::formats
