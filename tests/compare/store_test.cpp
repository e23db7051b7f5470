// The store: records come back bit for bit; locks, foreign, damaged and differing stores are refused with a reason.
#include "compare/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <bit>
#include <fstream>

#include "compare/record.h"
#include "fake.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/lock.h"

namespace fanin::compare {
namespace {

using testing::HasSubstr;

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { make_folder(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunFacts facts() const {
    RunFacts facts;
    facts.dataset_name = "fake";
    facts.dataset_checksum = ~std::uint64_t{0};
    facts.classes = 10;
    facts.normalization_mean = {0.28604060f};
    facts.version = "1";
    facts.instruction_set = "abacus";
    return facts;
  }

  Store begin() { return Store::open(folder_, fake::settings(), facts(), false); }

  std::string refusal(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::string database() const { return (folder_ / "run.sqlite").string(); }

  std::filesystem::path folder_ =
      fake::fresh_folder(std::string("store_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

train::TrialResult awkward_result() {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  train::TrialResult result;
  result.step = 123456789012345;
  result.diverged_at = 7;
  result.stalled = true;
  result.final_train_loss = 0.1 + 0.2;
  result.test_accuracy = nan;
  result.curve = {
      {0, 5e-324, -0.0, 1.0 / 3.0}, {7, inf, -inf, nan}, {8, 1.7976931348623157e308, 2.2250738585072014e-308, 1e22}};
  result.profile_start.emplace();
  result.profile_start->loss = inf;
  result.profile_start->finite = false;
  result.profile_start->layers.resize(2);
  result.profile_start->layers[1].name = "conv\"2\", \xc3\xa9";
  result.profile_start->layers[1].gradient_rms = 1e-45;
  result.profile_start->layers[1].histogram = {0, 1, std::int64_t{1} << 60};
  result.seconds = 3.5;
  return result;
}

void expect_same_bits(double a, double b) {
  if (std::isnan(a)) {
    EXPECT_TRUE(std::isnan(b));
  } else {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a), std::bit_cast<std::uint64_t>(b)) << a << " " << b;
  }
}

TEST_F(StoreTest, RecordsComeBackBitForBit) {
  const train::TrialResult result = awkward_result();
  const train::TrialResult back = read_record(write_record(result));
  ASSERT_EQ(back.curve.size(), result.curve.size());
  for (std::size_t i = 0; i < result.curve.size(); ++i) {
    EXPECT_EQ(back.curve[i].step, result.curve[i].step);
    expect_same_bits(result.curve[i].train_loss, back.curve[i].train_loss);
    expect_same_bits(result.curve[i].validation_loss, back.curve[i].validation_loss);
    expect_same_bits(result.curve[i].validation_accuracy, back.curve[i].validation_accuracy);
  }
  EXPECT_EQ(back.step, result.step);
  EXPECT_EQ(back.diverged_at, result.diverged_at);
  EXPECT_TRUE(back.stalled);
  expect_same_bits(result.final_train_loss, back.final_train_loss);
  ASSERT_TRUE(back.test_accuracy.has_value());
  EXPECT_TRUE(std::isnan(*back.test_accuracy));
  EXPECT_FALSE(back.test_loss.has_value());
  ASSERT_TRUE(back.profile_start.has_value());
  EXPECT_FALSE(back.profile_end.has_value());
  EXPECT_FALSE(back.profile_start->finite);
  EXPECT_EQ(back.profile_start->layers[1].name, result.profile_start->layers[1].name);
  expect_same_bits(1e-45, back.profile_start->layers[1].gradient_rms);
  EXPECT_EQ(back.profile_start->layers[1].histogram, result.profile_start->layers[1].histogram);
  EXPECT_EQ(back.seconds, 0.0) << "a clock value is no part of a record";
  EXPECT_EQ(write_record(back), write_record(result));
}

TEST_F(StoreTest, RandomDoublesComeBackBitForBit) {
  train::TrialResult result;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const double value = std::bit_cast<double>(mix64(i));
    result.curve.push_back({static_cast<std::int64_t>(i), value, fake::noise(std::to_string(i)), 0});
  }
  const train::TrialResult back = read_record(write_record(result));
  for (std::size_t i = 0; i < result.curve.size(); ++i) {
    expect_same_bits(result.curve[i].train_loss, back.curve[i].train_loss);
    expect_same_bits(result.curve[i].validation_loss, back.curve[i].validation_loss);
  }
}

TEST_F(StoreTest, AReopenedStoreHoldsWhatWasAdded) {
  const TaskKey tuned{false, 1, -1, 0, 2}, final{true, 0, 0, 1, 0};
  {
    Store store = begin();
    store.add(tuned, awkward_result());
    store.add(final, fake::run({}));
  }
  const Store store = Store::open(folder_, fake::settings(), facts(), true);
  EXPECT_EQ(store.records().size(), 2u);
  EXPECT_EQ(write_record(store.records().at(tuned)), write_record(awkward_result()));
  EXPECT_EQ(store.settings().canonical_text(), fake::settings().canonical_text());
  EXPECT_EQ(store.facts().dataset_checksum, ~std::uint64_t{0});
  EXPECT_EQ(store.facts().normalization_mean, facts().normalization_mean);
  ASSERT_EQ(store.timings().size(), 2u);
}

TEST_F(StoreTest, EveryFieldOfTheSettingsIsKept) {
  RunSettings settings = fake::settings("normal:std=0.01,he_normal");
  settings.data = "/some/where \"quoted\"";
  settings.seeds = 9;
  settings.tune_seeds = 3;
  settings.first_seed = ~std::uint64_t{0} - 20;
  settings.lr_low = 0.1 + 0.2;
  settings.lr_high = 2.0;
  settings.lr_points = 5;
  settings.lr_grow = 1;
  settings.train_size = 100;
  settings.validation_size = 50;
  settings.evaluate_every = 7;
  settings.optimizer = parse_spec("adamw:weight_decay=0.1");
  settings.schedule = parse_spec("cosine:warmup=10");
  settings.augmentation = {true, 4, 8};
  settings.clip_norm = 1.5;
  settings.label_smoothing = 0.1;
  settings.mixup = 0.2;
  settings.patience = 3;
  settings.target = 0.85;
  const RunSettings back = settings_from_json(to_json(settings));
  EXPECT_EQ(back.canonical_text(), settings.canonical_text());
  EXPECT_EQ(back.schemes, settings.schemes);
  EXPECT_EQ(back.first_seed, settings.first_seed);
  EXPECT_EQ(back.augmentation.cutout, 8);
  // A change of any one field shows in the text.
  const std::string original = fake::settings().canonical_text();
  const std::vector<std::function<void(RunSettings&)>> changes{[](RunSettings& s) { s.data = "x"; },
                                                               [](RunSettings& s) { s.model.name = "x"; },
                                                               [](RunSettings& s) { s.schemes.pop_back(); },
                                                               [](RunSettings& s) { ++s.seeds; },
                                                               [](RunSettings& s) { ++s.tune_seeds; },
                                                               [](RunSettings& s) { ++s.first_seed; },
                                                               [](RunSettings& s) { s.lr_low *= 2; },
                                                               [](RunSettings& s) { s.lr_high *= 2; },
                                                               [](RunSettings& s) { ++s.lr_points; },
                                                               [](RunSettings& s) { ++s.lr_grow; },
                                                               [](RunSettings& s) { ++s.steps; },
                                                               [](RunSettings& s) { ++s.batch; },
                                                               [](RunSettings& s) { ++s.train_size; },
                                                               [](RunSettings& s) { ++s.validation_size; },
                                                               [](RunSettings& s) { ++s.evaluate_every; },
                                                               [](RunSettings& s) { s.optimizer.name = "adam"; },
                                                               [](RunSettings& s) { s.schedule.name = "x"; },
                                                               [](RunSettings& s) { s.augmentation.flip = true; },
                                                               [](RunSettings& s) { s.augmentation.crop = 1; },
                                                               [](RunSettings& s) { s.augmentation.cutout = 1; },
                                                               [](RunSettings& s) { s.clip_norm = 1; },
                                                               [](RunSettings& s) { s.label_smoothing = 0.5; },
                                                               [](RunSettings& s) { s.mixup = 0.4; },
                                                               [](RunSettings& s) { s.patience = 7; },
                                                               [](RunSettings& s) { s.target = 0.5; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    RunSettings changed = fake::settings();
    changes[i](changed);
    EXPECT_NE(changed.canonical_text(), original) << "change " << i;
  }
}

TEST_F(StoreTest, AHeldFolderIsRefusedByName) {
  const FolderLock first(folder_);
  EXPECT_EQ(refusal([&] { const FolderLock second(folder_); }), folder_.string() + " is in use by process " +
                                                                    std::to_string(::getpid()) +
                                                                    "; wait until it ends or give another folder");
}

TEST_F(StoreTest, AReleasedFolderCanBeLockedAgain) {
  { const FolderLock first(folder_); }
  EXPECT_EQ(refusal([&] { const FolderLock second(folder_); }), "");
  EXPECT_THAT(refusal([&] { const FolderLock none(folder_ / "missing"); }),
              HasSubstr("lock cannot be written: No such file"));
}

TEST_F(StoreTest, ARunIsNotOverwritten) {
  begin();
  EXPECT_EQ(refusal([&] { begin(); }),
            folder_.string() + " already holds a run; give --resume to continue it, or another folder");
}

TEST_F(StoreTest, ResumingInAnEmptyFolderBegins) {
  Store store = Store::open(folder_, fake::settings(), facts(), true);
  EXPECT_TRUE(store.records().empty());
}

TEST_F(StoreTest, AFileWithoutTablesIsAsGoodAsNone) {
  std::ofstream(folder_ / "run.sqlite").flush();
  EXPECT_EQ(refusal([&] { begin(); }), "");
}

TEST_F(StoreTest, OtherSettingsAreNamed) {
  begin();
  RunSettings other = fake::settings();
  other.batch = 32;
  other.lr_low = 0.01;
  EXPECT_EQ(refusal([&] { Store::open(folder_, other, facts(), true); }),
            folder_.string() +
                " holds a run of other settings: lr_low is 0.001 there and 0.01 here; batch is 16 there and 32 here");
  RunFacts changed = facts();
  changed.dataset_checksum = 1;
  EXPECT_THAT(refusal([&] { Store::open(folder_, fake::settings(), changed, true); }),
              HasSubstr("dataset_checksum is 18446744073709551615 there and 1 here"));
  changed = facts();
  changed.instruction_set = "slide rule";
  EXPECT_THAT(refusal([&] { Store::open(folder_, fake::settings(), changed, true); }),
              HasSubstr("instruction_set is \"abacus\" there and \"slide rule\" here"));
  changed = facts();
  changed.command = "fanin compare --resume";
  changed.dataset_source = "elsewhere";
  EXPECT_EQ(refusal([&] { Store::open(folder_, fake::settings(), changed, true); }), "");
}

TEST_F(StoreTest, APathThatIsNotUtf8DoesNotDifferFromItself) {
  RunSettings settings = fake::settings();
  settings.data = "/data/\xff\xfe";
  Store::open(folder_, settings, facts(), false);
  EXPECT_EQ(refusal([&] { Store::open(folder_, settings, facts(), true); }), "");
}

TEST_F(StoreTest, ReadingNeedsARun) {
  EXPECT_EQ(refusal([&] { Store::read(folder_); }), folder_.string() + " holds no run: there is no run.sqlite in it");
  std::ofstream(folder_ / "run.sqlite").flush();
  EXPECT_EQ(refusal([&] { Store::read(folder_); }), folder_.string() + " holds no run yet: its run.sqlite is empty");
}

TEST_F(StoreTest, AReaderSeesWhatAWriterHasCommitted) {
  Store writer = begin();
  writer.add(TaskKey{true, 0, 0, 0, 0}, fake::run({}));
  EXPECT_EQ(Store::read(folder_).records().size(), 1u);
  writer.seal();
  EXPECT_FALSE(std::filesystem::exists(database() + "-wal"));
  EXPECT_EQ(Store::read(folder_).records().size(), 1u);
}

TEST_F(StoreTest, AForeignFileIsRefused) {
  std::ofstream(folder_ / "run.sqlite") << std::string(5000, 'x');
  EXPECT_EQ(refusal([&] { begin(); }), database() + " is not a Fanin run: file is not a database");
  EXPECT_EQ(refusal([&] { Store::read(folder_); }), database() + " is not a Fanin run: file is not a database");
}

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

TEST_F(StoreTest, AnotherProgramsDatabaseIsRefused) {
  run_sql(database(), "CREATE TABLE songs (name TEXT)");
  EXPECT_EQ(refusal([&] { begin(); }), database() + " is not a Fanin run: another program made it");
}

TEST_F(StoreTest, ANewerSchemaIsRefused) {
  begin();
  run_sql(database(), "PRAGMA user_version = 9");
  EXPECT_EQ(refusal([&] { Store::read(folder_); }),
            database() + " has schema version 9; this version of Fanin reads version 1");
}

TEST_F(StoreTest, AChangedRecordIsFound) {
  begin().add(TaskKey{true, 0, 0, 0, 0}, fake::run({}));
  run_sql(database(), "UPDATE trials SET result = replace(result, '0', '1')");
  EXPECT_EQ(refusal([&] { Store::read(folder_).records(); }),
            database() + " is damaged: the record 'final/0/0' does not match its checksum");
}

TEST_F(StoreTest, MissingTablesAndSettingsAreDamage) {
  begin();
  run_sql(database(), "DELETE FROM run WHERE name = 'facts'");
  EXPECT_EQ(refusal([&] { Store::read(folder_); }), database() + " is damaged: it has no facts");
  run_sql(database(), "DROP TABLE run");
  EXPECT_THAT(refusal([&] { Store::read(folder_); }), HasSubstr("is damaged: no such table: run"));
}

// Whatever is cut off or flipped, the answer is an Error or the very same records: never other ones, never a crash.
TEST_F(StoreTest, DamagedFilesGiveAnErrorOrTheSameRecords) {
  std::vector<std::string> expected;
  {
    Store store = begin();
    for (std::int64_t seed = 0; seed < 3; ++seed) {
      TrialTask task;
      task.settings.init = parse_spec("he_normal");
      task.settings.steps = task.until = 80;
      task.final = true;
      store.add(TaskKey{true, 0, 0, seed, 0}, fake::run(task));
    }
    for (const auto& [key, result] : store.records()) expected.push_back(write_record(result));
    store.seal();
  }
  const std::vector<std::uint8_t> whole = read_file(database());
  const auto check = [&](std::vector<std::uint8_t> bytes, const std::string& what) {
    std::ofstream(database(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    try {
      std::vector<std::string> found;
      for (const auto& [key, result] : Store::read(folder_).records()) found.push_back(write_record(result));
      EXPECT_EQ(found, expected) << what;
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  int refused = 0;
  for (std::size_t size = 100; size < whole.size(); size += 997) {
    refused +=
        check({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}, "cut at " + std::to_string(size));
  }
  EXPECT_GE(refused, 10);
  for (std::size_t at = 0; at < whole.size(); at += 61) {
    std::vector<std::uint8_t> flipped = whole;
    flipped[at] ^= static_cast<std::uint8_t>(1u << (at % 8));
    check(std::move(flipped), "flipped at " + std::to_string(at));
  }
}

}  // namespace
}  // namespace fanin::compare
