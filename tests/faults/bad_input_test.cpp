// Data sets that are missing, damaged or hostile, given to the real program: one clear sentence, exit code 2, nothing
// written. Mistakes in the words of the command line are in tests/cli/usage_test.cpp.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <functional>

#include "fanin/formats/image.h"
#include "fanin/formats/zip.h"
#include "support/program.h"

namespace fanin::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string gzip_of(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);  // 31: as gzip
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  std::string in = content;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string png_of(int side) {
  formats::Image image{1, side, side, {}};
  image.pixels.assign(static_cast<std::size_t>(side * side), 100);
  const auto bytes = formats::encode_png(image);
  return {bytes.begin(), bytes.end()};
}

/// Two classes of six images each, for training and for testing.
void write_image_folders(const fs::path& folder) {
  for (const char* part : {"train", "test"}) {
    for (const char* name : {"a", "b"}) {
      for (int i = 0; i < 6; ++i) write_text(folder / part / name / fmt::format("{}.png", i), png_of(8));
    }
  }
}

std::string zip_of(std::vector<std::pair<std::string, std::string>> more) {
  for (const char* part : {"train", "test"}) {
    for (const char* name : {"a", "b"}) more.emplace_back(fmt::format("{}/{}/0.png", part, name), png_of(8));
  }
  std::vector<std::vector<std::uint8_t>> bytes;
  for (const auto& [name, content] : more) bytes.emplace_back(content.begin(), content.end());
  std::vector<formats::ZipContent> contents;
  for (std::size_t i = 0; i < more.size(); ++i) contents.push_back({more[i].first, bytes[i]});
  const auto file = formats::encode_zip(contents);
  return {file.begin(), file.end()};
}

struct Case {
  const char* name;
  std::function<void(const fs::path& data)> make;  // a folder or file at this path
  std::string message;
};

void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}

const std::string images = "train-images-idx3-ubyte", labels = "t10k-labels-idx1-ubyte";

/// The sound IDX folder with one file changed.
Case idx(const char* name, const std::string& file, std::function<std::string(std::string)> change,
         const std::string& message) {
  return {name,
          [=](const fs::path& data) {
            write_idx_dataset(data);
            write_text(data / file, change(read_text(data / file)));
          },
          message};
}

/// The sound folders of images, with something done to them.
Case folders(const char* name, std::function<void(const fs::path&)> change, const std::string& message) {
  return {name,
          [=](const fs::path& data) {
            write_image_folders(data);
            change(data);
          },
          message};
}

Case file(const char* name, std::function<std::string()> content, const std::string& message) {
  return {name, [=](const fs::path& data) { write_text(data, content()); }, message};
}

void replace_by_gzip(const fs::path& data, const std::string& content) {
  write_idx_dataset(data);
  fs::remove(data / images);
  write_text(data / (images + ".gz"), content);
}

std::vector<Case> cases() {
  const std::string header_of_grey = std::string("\0\0\x08\x03", 4);
  return {
      {"missing", [](const fs::path&) {}, "no such folder or archive"},
      {"empty_folder", [](const fs::path& data) { fs::create_directories(data); }, "no data set in this folder"},
      {"missing_file",
       [](const fs::path& data) {
         write_idx_dataset(data);
         fs::remove(data / labels);
       },
       labels + "[.gz] is missing"},
      idx(
          "wrong_magic", images,
          [](std::string b) {
            b[2] = 0x0f;
            return b;
          },
          "unknown IDX element type 0f, expected 08"),
      idx(
          "not_idx", images, [](const std::string&) { return "<html>404</html>"; },
          "not an IDX file (it starts with 3c 68"),
      idx(
          "empty_file", images, [](const std::string&) { return ""; }, "truncated IDX file"),
      idx(
          "truncated", images, [](const std::string& b) { return b.substr(0, b.size() - 1); }, "truncated IDX file: a"),
      idx(
          "too_long", images, [](const std::string& b) { return b + "x"; }, "too long IDX file"),
      idx(
          "huge_claim", images, [=](const std::string&) { return header_of_grey + std::string(12, '\xff') + "abc"; },
          "does not fit 63 bits"),
      idx(
          "large_claim", images,
          [=](const std::string&) {
            return header_of_grey + std::string("\x0f\xff\xff\xff\0\0\xff\xff\0\0\0\xff", 12);
          },
          "truncated IDX file: a"),
      idx(
          "label_beyond", labels,
          [](std::string b) {
            b.back() = '\xff';
            return b;
          },
          "label 255 of image 127 is beyond the training labels 0 to 3"),
      idx(
          "fewer_labels", labels,
          [](std::string b) {
            b[7] = 100;
            return b.substr(0, 108);
          },
          "holds 100 labels for the 128 images"),
      {"truncated_gz",
       [](const fs::path& data) {
         write_idx_dataset(data);
         const std::string packed = gzip_of(read_text(data / images));
         replace_by_gzip(data, packed.substr(0, packed.size() - 50));
       },
       "truncated gzip file, at byte"},
      {"damaged_gz",
       [](const fs::path& data) {
         write_idx_dataset(data);
         std::string packed = gzip_of(read_text(data / images));
         packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);  // of its CRC
         replace_by_gzip(data, packed);
       },
       "damaged gzip file"},
      {"gz_bomb",  // claims 16 bytes of images and holds a hundred million
       [=](const fs::path& data) {
         replace_by_gzip(data, gzip_of(header_of_grey + std::string("\0\0\0\1\0\0\0\4\0\0\0\4", 12) +
                                       std::string(100'000'000, '\0')));
       },
       "inflates to more than 32 bytes"},
      file(
          "garbage_zip", [] { return std::string(5000, '\x5a'); }, "not a sound zip archive"),
      file(
          "empty_zip", [] { return ""; }, "an empty file, expected a zip archive"),
      file(
          "truncated_zip",
          [] {
            const std::string b = zip_of({});
            return b.substr(0, b.size() - 30);
          },
          "not a sound zip archive"),
      file(
          "zip_of_text",
          [] {
            return zip_of({{"train/a/readme.txt", "words"}});
          },
          "readme.txt: neither a JPEG nor a PNG"),
      file(
          "zip_slip",
          [] {
            return zip_of({{"../../outside.png", png_of(8)}});
          },
          "has the unsafe name '../../outside.png'"),
      file(
          "zip_absolute",
          [] {
            return zip_of({{"/outside.png", png_of(8)}});
          },
          "has the unsafe name '/outside.png'"),
      file(
          "zip_twice",
          [] {
            std::string bytes = zip_of({{"train/a/9.png", png_of(8)}});
            for (std::size_t at; (at = bytes.find("a/9.png")) != std::string::npos;) bytes[at + 2] = '0';
            return bytes;
          },
          "'train/a/0.png' is in the zip archive twice"),
      file(
          "zip_escape",
          [] {
            return zip_of({{"train/a/\x1b[2J.png", "no image"}});
          },
          R"(\x1b[2J.png)"),
      folders(
          "empty_class", [](const fs::path& data) { fs::create_directories(data / "train/c"); },
          "the class folder train/c holds no images"),
      folders(
          "class_in_train_only", [](const fs::path& data) { write_text(data / "train/c/0.png", png_of(8)); },
          "class 'c' is in train only"),
      folders(
          "no_test", [](const fs::path& data) { fs::remove_all(data / "test"); }, "test holds no class folders"),
      folders(
          "corrupt_jpeg", [](const fs::path& data) { write_text(data / "train/a/9.jpg", "\xff\xd8\xff\xe0 broken"); },
          "train/a/9.jpg: corrupt JPEG image"),
      folders(
          "corrupt_png",
          [](const fs::path& data) {
            std::string bytes = png_of(8);
            bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
            write_text(data / "train/a/9.png", bytes);
          },
          "train/a/9.png: corrupt PNG image"),
      folders(
          "text_as_image", [](const fs::path& data) { write_text(data / "train/a/9.jpg", "words"); },
          "train/a/9.jpg: neither a JPEG nor a PNG image"),
      folders(
          "empty_image", [](const fs::path& data) { write_text(data / "train/a/9.png", ""); },
          "train/a/9.png: an empty file, expected a JPEG or PNG image"),
      folders(
          "other_size", [](const fs::path& data) { write_text(data / "train/b/9.png", png_of(9)); },
          "images of different sizes"),
      folders(
          "too_deep", [](const fs::path& data) { write_text(data / "train/a/b/0.png", png_of(8)); },
          "is a level too deep"),
      folders(
          "dangling_link", [](const fs::path& data) { fs::create_symlink("nowhere", data / "train/a/9.png"); },
          "train/a/9.png: cannot be read (No such file"),
      folders(
          "link_in_a_circle", [](const fs::path& data) { fs::create_symlink("9.png", data / "train/a/9.png"); },
          "train/a/9.png: cannot be read ("),
      folders(
          "pipe", [](const fs::path& data) { ::mkfifo((data / "train/a/9.png").c_str(), 0666); }, "not a regular file"),
      {"device", [](const fs::path& data) { fs::create_symlink("/dev/zero", data); }, "not a regular file"},
  };
}

class BadDataTest : public ::testing::TestWithParam<Case> {};

TEST_P(BadDataTest, IsRefusedInOneSentence) {
  const TemporaryFolder folder;
  GetParam().make(folder.path() / "data");
  Call call;
  call.environment = {"XDG_CACHE_HOME=" + folder / "cache"};
  const Outcome outcome = run_fanin({"train", "--model", "mlp:hidden=4", "--data", folder / "data", "--init",
                                     "he_normal", "--steps", "2", "--batch", "2", "--out", folder / "out"},
                                    call);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, StartsWith("fanin: "));
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().message));
  EXPECT_THAT(outcome.err, HasSubstr(folder / "data")) << "says where";
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << "one line: " << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_FALSE(fs::exists(folder.path() / "out")) << "nothing is left";
  EXPECT_FALSE(fs::exists(folder.path() / "cache")) << "nothing is cached";
}

INSTANTIATE_TEST_SUITE_P(Every, BadDataTest, ::testing::ValuesIn(cases()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(BadPlaces, AreRefusedInOneSentence) {
  const TemporaryFolder folder;
  write_idx_dataset(folder.path() / "data");
  write_text(folder.path() / "file", "");
  const auto attempt = [&](const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {
        "train",   "--model", "mlp:hidden=4", "--data", folder / "data", "--init", "he_normal",
        "--steps", "2",       "--batch",      "4",      "--out",         out};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  EXPECT_EQ(attempt(""), "fanin: --out is empty; expected a folder for checkpoint, weights and curve");
  EXPECT_EQ(attempt(folder / "file"), "fanin: cannot make the folder '" + folder / "file" + "': Not a directory");
  EXPECT_THAT(attempt("/dev/null"), HasSubstr("Not a directory"));
  EXPECT_THAT(attempt("/proc/fanin"), HasSubstr("cannot make the folder '/proc/fanin'"));
  EXPECT_THAT(attempt(folder / std::string(300, 'a')), HasSubstr("File name too long"));
  fs::create_directories(folder.path() / "locked/lock");
  EXPECT_THAT(attempt(folder / "locked"), HasSubstr("lock cannot be written: Is a directory"));
  fs::create_directories(folder.path() / "half/curve.csv");
  EXPECT_THAT(read_text(folder.path() / "file"), IsEmpty()) << "what stands there is not touched";
  // The weights to start from are read before anything is made.
  EXPECT_THAT(attempt(folder / "new", {"--weights", folder / "file"}), HasSubstr("truncated safetensors file"));
  EXPECT_THAT(attempt(folder / "new", {"--weights", folder / "data"}), HasSubstr("not a regular file"));
  EXPECT_FALSE(fs::exists(folder.path() / "new"));
}

TEST(BadPlaces, ADeviceIsNotReplaced) {
  const TemporaryFolder folder;
  write_idx_dataset(folder.path() / "data");
  const Outcome run =
      run_fanin({"compare", "--model", "mlp:hidden=4", "--data", folder / "data", "--init", "zeros", "--steps", "2",
                 "--batch", "4", "--seeds", "1", "--lr", "0.1", "--out", folder / "run"});
  ASSERT_EQ(run.code, 0) << run.err;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0666), 0);
  const Outcome outcome = run_fanin({"report", folder / "run", "-o", folder / "pipe"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "fanin: cannot write '" + folder / "pipe" + "': not a regular file\n");
  EXPECT_TRUE(fs::is_fifo(folder.path() / "pipe"));
}

TEST(BadPlaces, LearningRatesThatCannotGrow) {
  const TemporaryFolder folder;
  write_idx_dataset(folder.path() / "data");
  const Outcome outcome =
      run_fanin({"compare", "--model", "mlp:hidden=4", "--data", folder / "data", "--init", "zeros", "--steps", "2",
                 "--batch", "4", "--lr", "1e-300..1e300:64", "--out", folder / "run"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "fanin: the learning rate is 1e-300; expected a number from 1e-30 to 1e+30\n");
  EXPECT_FALSE(fs::exists(folder.path() / "run"));
}

}  // namespace
}  // namespace fanin::test
