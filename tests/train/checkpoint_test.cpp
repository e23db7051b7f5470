// Checkpoints from elsewhere: cut off, with bits flipped, or built to harm with a right checksum. Always an Error.
#include "train/checkpoint.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/hash.h"

namespace fanin::train {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;
using nlohmann::json;

constexpr std::string_view magic = "fanin checkpoint 1\n";

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fanin-checkpoint-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    TrialState state;
    state.result.curve = {{0, 2.5, 2.25, 0.125}};
    state.result.step = 3;
    state.parameters = {{"conv1.weight", {{2, 2}, {1, 2, 3, 4}}}, {"conv1.bias", {{0}, {}}}};
    state.optimizer_blocks = {{{"conv1.weight", {{2, 2}, {5, 6, 7, 8}}}}};
    write_checkpoint(path(), "settings", 42, state);
    whole_ = read_file(path());
  }
  ~CheckpointTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "x"; }

  // Without the sync to the disk, which would take most of the time; file systems also sync a file that is truncated.
  void put(const Bytes& bytes) const {
    std::filesystem::remove(path());
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

  std::string verdict(const Bytes& bytes) const {
    put(bytes);
    try {
      read_checkpoint(path(), "settings", 42);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  /// The document in a file whose magic and checksum are right.
  static Bytes sealed(const Bytes& document) {
    Bytes bytes(magic.size() + document.size());
    std::ranges::copy(document, std::ranges::copy(magic, bytes.begin()).out);
    const std::uint64_t hash = hash_bytes(bytes);
    for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<std::uint8_t>(hash >> shift));
    return bytes;
  }

  Bytes document() const { return {whole_.begin() + magic.size(), whole_.end() - 8}; }

  std::filesystem::path folder_;
  Bytes whole_;
};

TEST_F(CheckpointTest, CutOffAndFlipped) {
  EXPECT_EQ(verdict(whole_), "");
  for (std::size_t size = 0; size < whole_.size(); ++size) {
    EXPECT_THAT(verdict(Bytes(whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(size))),
                HasSubstr("is damaged"));
  }
  for (std::size_t bit = 0; bit < 8 * whole_.size(); ++bit) {
    Bytes bytes = whole_;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1U << bit % 8);
    EXPECT_THAT(verdict(bytes), HasSubstr("is damaged")) << bit;
  }
}

TEST_F(CheckpointTest, EditsUnderARightChecksum) {
  const Bytes original = document();
  std::mt19937 random(3);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    Bytes bytes = original;
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size());
      switch (random() % 4) {
        case 0:
          *at = static_cast<std::uint8_t>(random());
          break;
        case 1:
          *at = static_cast<std::uint8_t>(*at ^ 1U << random() % 8);
          break;
        case 2:
          bytes.insert(at, static_cast<std::uint8_t>(random()));
          break;
        default:
          bytes.erase(at);
      }
    }
    if (!verdict(sealed(bytes)).empty()) ++refused;
  }
  EXPECT_GT(refused, 2000);
}

TEST_F(CheckpointTest, BuiltToHarm) {
  json whole = json::from_cbor(document());
  const auto with = [&](const char* place, json value) {
    json changed = whole;
    changed[json::json_pointer(place)] = std::move(value);
    return verdict(sealed(json::to_cbor(changed)));
  };
  EXPECT_EQ(verdict(sealed(json::to_cbor(whole))), "");
  const std::int64_t two_to_31 = std::int64_t{1} << 31, two_to_60 = std::int64_t{1} << 60;
  EXPECT_THAT(with("/parameters/0/shape", {two_to_60}), HasSubstr("wrong size"));
  EXPECT_THAT(with("/parameters/1/shape", {two_to_60, 4}), HasSubstr("wrong size")) << "its bytes count 2^64";
  EXPECT_THAT(with("/parameters/0/shape", {two_to_60, two_to_31}), HasSubstr("elements"));
  EXPECT_THAT(with("/parameters/0/shape", {-2, -2}), HasSubstr("negative"));
  EXPECT_THAT(with("/parameters/0/values", "text"), HasSubstr("is damaged"));
  EXPECT_THAT(with("/result", "{"), HasSubstr("cannot be read"));
  EXPECT_THAT(with("/settings", 1), HasSubstr("is damaged"));
  EXPECT_THAT(with("/settings", "others"), HasSubstr("belongs to other settings"));
  EXPECT_THAT(with("/data", 43), HasSubstr("belongs to other data"));
  // Lists in lists without end, and lists that claim more than the file holds.
  EXPECT_THAT(verdict(sealed(Bytes(1'000'000, 0x81))), HasSubstr("not built as a checkpoint is"));
  EXPECT_THAT(verdict(sealed(Bytes(1'000'000, 0x9f))), HasSubstr("not built as a checkpoint is"));
  EXPECT_THAT(verdict(sealed({0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})), HasSubstr("is damaged"));
  EXPECT_THAT(verdict(sealed({0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})), HasSubstr("is damaged"));
}

}  // namespace
}  // namespace fanin::train
