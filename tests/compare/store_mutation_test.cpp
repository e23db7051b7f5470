// run.sqlite cut off, with bits flipped and with foreign contents: an Error, or exactly what was recorded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <random>

#include "compare/record.h"
#include "compare/store.h"
#include "fake.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"

namespace fanin::compare {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

class StoreMutationTest : public testing::Test {
 protected:
  void SetUp() override {
    make_folder(folder_);
    Store store = Store::open(folder_, fake::settings(), {}, false);
    train::TrialResult result;
    result.curve = {{0, 2.5, 2.25, 0.125}, {40, 0.5, 0.75, 0.875}};
    result.step = 40;
    for (const char* task : {"tune/0/1/0/0", "tune/1/0/0/1", "final/0/1"}) store.add(parse_task_key(task), result);
    store.seal();
    whole_ = read_file(database());
    content_ = content();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path database() const { return folder_ / "run.sqlite"; }

  // Without the sync to the disk, which would take most of the time; file systems also sync a file that is truncated.
  void put(const Bytes& bytes) const {
    std::filesystem::remove(database());
    std::ofstream(database(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

  /// All that a report is made of.
  std::string content() const {
    const Store store = Store::read(folder_);
    std::string text = store.settings().canonical_text() + store.facts().dataset_name;
    for (const auto& [key, result] : store.records()) text += key.text() + write_record(result);
    store.timings();
    return text;
  }

  /// What reading `bytes` in place of the store says; "" for exactly what was recorded.
  std::string verdict(const Bytes& bytes) const {
    put(bytes);
    try {
      EXPECT_EQ(content(), content_) << "damage was taken for a result";
      return "";
    } catch (const Error& error) {
      return error.what();
    } catch (const Failure& failure) {
      return failure.what();
    }
  }

  void run_sql(const std::string& sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }

  std::string verdict_after(const std::string& sql) const {
    put(whole_);
    run_sql(sql);
    return verdict(read_file(database()));
  }

  std::filesystem::path folder_ =
      fake::fresh_folder(std::string("mutation_") + testing::UnitTest::GetInstance()->current_test_info()->name());
  Bytes whole_;
  std::string content_;
};

TEST_F(StoreMutationTest, CutOff) {
  EXPECT_EQ(verdict(whole_), "");
  for (std::size_t size = 0; size < whole_.size(); size += 97) {
    EXPECT_THAT(verdict(Bytes(whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(size))),
                HasSubstr(folder_.string()))
        << size;
  }
}

TEST_F(StoreMutationTest, FlippedBitsAndEdits) {
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = whole_;
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      std::uint8_t& byte = bytes[random() % bytes.size()];
      byte = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : byte ^ 1U << random() % 8);
    }
    if (!verdict(bytes).empty()) ++refused;
  }
  EXPECT_GT(refused, 200);
}

TEST_F(StoreMutationTest, EveryBitOfTheRecordsPages) {
  // Where there is text there are records and settings: no flipped bit of it passes.
  int tried = 0;
  for (std::size_t at = 0; at < whole_.size(); ++at) {
    if (whole_[at] < 0x20 || whole_[at] > 0x7e || at % 3 != 0) continue;
    Bytes bytes = whole_;
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << at % 7);
    verdict(bytes);
    ++tried;
  }
  EXPECT_GT(tried, 500);
}

TEST_F(StoreMutationTest, ForeignContents) {
  EXPECT_THAT(verdict_after("UPDATE run SET value = replace(value, '1', '2') WHERE name = 'settings'"),
              HasSubstr("its settings do not match their checksum"));
  EXPECT_THAT(verdict_after("DELETE FROM run WHERE name = 'facts'"), HasSubstr("it has no facts"));
  EXPECT_THAT(verdict_after("UPDATE trials SET task = 'final/9/9' WHERE task = 'final/0/1'"), HasSubstr("checksum"));
  EXPECT_THAT(verdict_after("DROP TABLE trials"), HasSubstr("is damaged"));
  EXPECT_THAT(verdict_after("DROP TABLE trials; CREATE VIEW trials AS WITH RECURSIVE n(task) AS (SELECT 1 UNION ALL "
                            "SELECT task + 1 FROM n) SELECT task, task AS result, 0 AS checksum FROM n"),
              HasSubstr("it holds more than tables"));
  EXPECT_THAT(verdict_after("PRAGMA user_version = 2"), HasSubstr("has schema version 2"));
  EXPECT_THAT(verdict_after("PRAGMA application_id = 1"), HasSubstr("is not a Fanin run"));
}

}  // namespace
}  // namespace fanin::compare
