// Zip archives: what is written is read again; hostile archives are refused before anything is inflated.
#include <gmock/gmock.h>

#include <cstring>

#include "fanin/formats/zip.h"
#include "formats/samples.h"

namespace fanin::formats {
namespace {

using testing::Bytes;
using testing::deflated;
using testing::error_of;
using testing::from_text;
using ::testing::HasSubstr;

const Bytes hello = from_text("hello"), world = from_text("wide world");

Bytes sample() {
  return encode_zip(std::vector<ZipContent>{{"a/hello.txt", hello}, {"a/b/world", world}, {"c/", {}}});
}

// One entry whose fields are free: the archives that encode_zip would not write.
struct Raw {
  std::string name = "x";
  Bytes data;  // as stored in the file
  std::uint16_t method = 0, flags = 0;
  std::uint32_t size = 0, crc = 0;
  std::string local_name;  // the name, where empty
};

void append(Bytes& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

Bytes encode_raw(const std::vector<Raw>& entries, bool overlapping = false) {
  Bytes out, directory;
  std::size_t offset = 0;
  for (const Raw& entry : entries) {
    const std::string& local_name = entry.local_name.empty() ? entry.name : entry.local_name;
    const auto common = [&](Bytes& to, const std::string& name) {
      for (const std::uint64_t field : {20, +entry.flags, +entry.method, 0, 33}) append(to, field, 2);
      append(to, entry.crc, 4);
      append(to, entry.data.size(), 4);
      append(to, entry.size, 4);
      append(to, name.size(), 2);
      append(to, 0, 2);
    };
    if (!overlapping || out.empty()) {
      offset = out.size();
      append(out, 0x04034b50, 4);
      common(out, local_name);
      out.insert(out.end(), local_name.begin(), local_name.end());
      out.insert(out.end(), entry.data.begin(), entry.data.end());
    }
    append(directory, 0x02014b50, 4);
    append(directory, 20, 2);
    common(directory, entry.name);
    append(directory, 0, 8);  // comment, disk, attributes
    append(directory, 0, 2);
    append(directory, offset, 4);
    directory.insert(directory.end(), entry.name.begin(), entry.name.end());
  }
  const std::size_t start = out.size();
  out.insert(out.end(), directory.begin(), directory.end());
  append(out, 0x06054b50, 4);
  append(out, 0, 4);
  append(out, entries.size(), 2);
  append(out, entries.size(), 2);
  append(out, directory.size(), 4);
  append(out, start, 4);
  append(out, 0, 2);
  return out;
}

std::uint32_t crc_of(const Bytes& bytes) {
  return static_cast<std::uint32_t>(crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
}

Raw raw_deflated(const std::string& name, const Bytes& content) {
  Raw entry;
  entry.name = name;
  entry.data = deflated(content, -15);
  entry.method = 8;
  entry.size = static_cast<std::uint32_t>(content.size());
  entry.crc = crc_of(content);
  return entry;
}

std::string open_error(const Bytes& bytes) {
  return error_of([&] { ZipArchive(bytes, "x.zip"); });
}

std::string read_error(const Bytes& bytes, std::uint64_t cap = 1 << 20) {
  return error_of([&] {
    const ZipArchive archive(bytes, "x.zip");
    for (const ZipEntry& entry : archive.entries()) archive.read(entry, cap);
  });
}

TEST(Zip, ReadsWhatItWrites) {
  const ZipArchive archive(sample(), "x.zip");
  ASSERT_EQ(archive.entries().size(), 3u);
  EXPECT_EQ(archive.entries()[0].name, "a/hello.txt");
  EXPECT_EQ(archive.entries()[1].size, world.size());
  EXPECT_FALSE(archive.entries()[1].folder);
  EXPECT_TRUE(archive.entries()[2].folder);
  EXPECT_EQ(archive.read(archive.entries()[0], 100), hello);
  EXPECT_EQ(archive.read(archive.entries()[1], 100), world);
  const ZipArchive other = archive.another();
  EXPECT_EQ(other.read(other.entries()[1], 100), world);
  EXPECT_TRUE(ZipArchive(encode_zip({}), "empty.zip").entries().empty());
}

TEST(Zip, ReadsDeflatedEntries) {
  const Bytes content(100'000, 'z');
  const ZipArchive archive(encode_raw({raw_deflated("z", content), raw_deflated("w", world)}), "x.zip");
  EXPECT_EQ(archive.read(archive.entries()[0], content.size()), content);
  EXPECT_EQ(archive.read(archive.entries()[1], 100), world);
}

TEST(Zip, RefusesGarbage) {
  EXPECT_THAT(open_error(from_text("this is no archive at all, only text")),
              HasSubstr("x.zip: not a sound zip archive ("));
  EXPECT_EQ(open_error({}), "x.zip: an empty file, expected a zip archive");
  const Bytes whole = sample();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(open_error(Bytes(whole.begin(), whole.begin() + size)), "") << size;
  }
}

TEST(Zip, RefusesNamesThatLeaveTheirFolder) {
  for (const std::string name : {"/etc/passwd", "../x", "a/../../x", "a/..", "..", "C:/x", "a\\b"}) {
    Raw entry{name, hello, 0, 0, 5, crc_of(hello), ""};
    EXPECT_EQ(open_error(encode_raw({entry})), "x.zip: entry 0 of the zip archive has the unsafe name '" + name + "'");
  }
  EXPECT_EQ(open_error(encode_raw({{"a..b/...c", hello, 0, 0, 5, crc_of(hello), ""}})), "");
}

TEST(Zip, RefusesEncryptedStrangeAndDoubleEntries) {
  Raw entry{"x", hello, 0, 1, 5, crc_of(hello), ""};
  EXPECT_EQ(open_error(encode_raw({entry})), "x.zip: entry 'x' is encrypted");
  entry.flags = 0;
  entry.method = 12;
  EXPECT_EQ(open_error(encode_raw({entry})),
            "x.zip: entry 'x' is compressed by method 12, expected 0 (stored) or 8 (deflated)");
  entry.method = 0;
  EXPECT_EQ(open_error(encode_raw({entry, entry})), "x.zip: entry 'x' is in the zip archive twice");
  entry.local_name = "y";
  EXPECT_THAT(open_error(encode_raw({entry})), HasSubstr("not a sound zip archive"));
}

TEST(Zip, RefusesOverlappingEntries) {
  std::vector<Raw> bomb;
  const Bytes kernel(100'000, 0);
  for (int i = 0; i < 50; ++i) bomb.push_back(raw_deflated(std::to_string(i), kernel));
  for (Raw& entry : bomb) entry.local_name = "0";
  EXPECT_NE(open_error(encode_raw(bomb, true)), "");
  for (Raw& entry : bomb) entry.name = "0";
  EXPECT_NE(open_error(encode_raw(bomb, true)), "");
}

TEST(Zip, RefusesFalseSizesAndSums) {
  Raw entry = raw_deflated("x", Bytes(1000, 'a'));
  EXPECT_EQ(read_error(encode_raw({entry}), 999), "x.zip: entry 'x' declares 1000 bytes, more than 999 are refused");
  entry.crc ^= 1;
  EXPECT_EQ(read_error(encode_raw({entry})), "x.zip: entry 'x' is damaged (CRC error)");
  entry.crc ^= 1;
  entry.size = 999;
  EXPECT_THAT(read_error(encode_raw({entry})), HasSubstr("x.zip: entry 'x' "));
  entry.size = 1001;
  EXPECT_THAT(read_error(encode_raw({entry})), HasSubstr("x.zip: entry 'x' "));
  entry.size = 1000;
  entry.data[5] ^= 0x55;
  EXPECT_THAT(read_error(encode_raw({entry})), HasSubstr("x.zip: entry 'x' "));
}

TEST(Zip, WritesOnlySoundArchives) {
  EXPECT_EQ(error_of([] {
              encode_zip(std::vector<ZipContent>{{"", hello}});
            }),
            "zip entry '' is empty, too long or given twice");
  EXPECT_EQ(error_of([] {
              encode_zip(std::vector<ZipContent>{{"a", hello}, {"a", world}});
            }),
            "zip entry 'a' is empty, too long or given twice");
  EXPECT_EQ(error_of([] {
              std::vector<ZipContent> many(65535);
              encode_zip(many);
            }),
            "zip archive of 65535 entries, expected fewer than 65535");
}

}  // namespace
}  // namespace fanin::formats
