// Shapes, near names, files, denormals, hashes, durations.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>

#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/hash.h"
#include "fanin/base/nearest.h"
#include "fanin/base/shape.h"
#include "fanin/base/terminal.h"

namespace fanin {
namespace {

using testing::HasSubstr;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fanin-base-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(ShapeTest, CountsAndRefusesOverflow) {
  EXPECT_EQ(element_count({64, 3, 7, 7}), 9408);
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({0, 5}), 0);
  EXPECT_EQ(to_string(Shape{64, 3, 7, 7}), "64x3x7x7");
  EXPECT_EQ(to_string(Shape{}), "scalar");
  EXPECT_THROW(element_count({std::int64_t{1} << 32, std::int64_t{1} << 32}), Error);
  EXPECT_THROW(element_count({-1}), Error);
}

TEST(NearestTest, FindsTyposAndNothingElse) {
  const std::vector<std::string> names = {"zeros", "he_normal", "he_uniform", "orthogonal"};
  EXPECT_EQ(nearest_name("he_nromal", names), "he_normal");
  EXPECT_EQ(nearest_name("ortogonal", names), "orthogonal");
  EXPECT_EQ(nearest_name("quux", names), "");
  EXPECT_EQ(nearest_name(std::string(100000, 'x'), names), "");
  EXPECT_EQ(unknown_name_message("scheme", "zeroes", {"zeros"}),
            "unknown scheme 'zeroes'; did you mean 'zeros'? (known: zeros)");
}

TEST(FileTest, RoundTripReplacesWhole) {
  Folder folder;
  const auto path = folder.path / "a.bin";
  write_file_atomically(path, std::string_view("first"));
  write_file_atomically(path, std::string_view("second"));
  const auto bytes = read_file(path);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1) << "no temporary file stays";
  EXPECT_THROW(read_file(path, 3), Error);
}

TEST(FileTest, MissingFoldersAndFoldersAsFilesAreTheUsersMistake) {
  Folder folder;
  EXPECT_THROW(write_file_atomically(folder.path / "no" / "a", std::string_view("x")), Error);
  EXPECT_THROW(write_file_atomically(folder.path, std::string_view("x")), Error);
  EXPECT_THROW(read_file(folder.path), Error);
  EXPECT_THROW(read_file(folder.path / "none"), Error);
  write_file_atomically(folder.path / "f", std::string_view("x"));
  EXPECT_THROW(make_folder(folder.path / "f"), Error);
  EXPECT_THROW(make_folder(folder.path / "f" / "below"), Error);
}

TEST(FileTest, FullDiskIsAFailureAndKeepsTheOldFile) {
  // A limit on file sizes makes writes fail part of the way, as a full disk does.
  Folder folder;
  const auto path = folder.path / "a.bin";
  write_file_atomically(path, std::string_view("old"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{4096, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(write_file_atomically(path, std::string(100000, 'x')), Failure);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_file(path).size(), 3u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1) << "no temporary file stays";
}

TEST(DenormalTest, GuardFlushesAndPutsBack) {
  volatile float tiny = std::numeric_limits<float>::denorm_min() * 4;
  ASSERT_FALSE(DenormalGuard::active());
  {
    DenormalGuard guard;
    EXPECT_TRUE(DenormalGuard::active());
    { DenormalGuard inner; }
    EXPECT_TRUE(DenormalGuard::active());
    volatile float product = tiny * 1.0f;
    EXPECT_EQ(product, 0.0f);
  }
  EXPECT_FALSE(DenormalGuard::active());
  volatile float product = tiny * 1.0f;
  EXPECT_NE(product, 0.0f);
}

TEST(HashTest, VectorsNeverChange) {
  // Weights hang on these: a change here is a change of every network that Fanin ever initialized.
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(hash_text("conv1.weight", 0), hash_text("conv1.weight", 0));
  EXPECT_NE(hash_text("conv1.weight", 0), hash_text("conv1.weight", 1));
  EXPECT_NE(hash_text("a"), hash_text("b"));
}

TEST(TerminalTest, DurationsForPeople) {
  EXPECT_EQ(format_duration(1.44), "1.4 s");
  EXPECT_EQ(format_duration(59), "59 s");
  EXPECT_EQ(format_duration(192), "3 min 12 s");
  EXPECT_EQ(format_duration(7260), "2 h 01 min");
  EXPECT_EQ(format_duration(NAN), "?");
}

TEST(TerminalTest, ExplicitChoiceBeatsTheEnvironment) {
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(use_color(1));
  EXPECT_TRUE(use_color(1, ColorChoice::always));
  ::unsetenv("NO_COLOR");
  ::setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_TRUE(use_color(1));
  EXPECT_FALSE(use_color(1, ColorChoice::never));
  ::unsetenv("CLICOLOR_FORCE");
}

}  // namespace
}  // namespace fanin
