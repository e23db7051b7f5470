// A small comparison and a small training, to be disturbed: their words, their results, what may be left of them.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/program.h"

namespace fanin::test {

class Work {
 public:
  Work() {
    write_idx_dataset(folder_.path() / "data");
    // What these are not compared by, but would be written once more than is known.
    call_.environment = {"XDG_CACHE_HOME=" + folder_ / "cache"};
  }

  std::vector<std::string> compare(const std::string& out, const std::vector<std::string>& more = {}) const {
    return words({"compare",
                  "--model",
                  "vanilla:depth=3,width=4,norm=batch",
                  "--data",
                  folder_ / "data",
                  "--init",
                  "he_normal,zeros",
                  "--steps",
                  "12",
                  "--batch",
                  "16",
                  "--seeds",
                  "2",
                  "--lr",
                  "0.01..0.1:2",
                  "--lr-grow",
                  "0",
                  "--jobs",
                  "2",
                  "--validation-size",
                  "64",
                  "--out",
                  folder_ / out},
                 more);
  }

  std::vector<std::string> train(const std::string& out, const std::vector<std::string>& more = {}) const {
    return words({"train", "--model", "vanilla:depth=3,width=4,norm=batch", "--data", folder_ / "data", "--init",
                  "he_normal", "--steps", "60", "--batch", "16", "--augment", "flip", "--checkpoint-every", "10",
                  "--validation-size", "64", "--out", folder_ / out},
                 more);
  }

  std::string file(const std::string& out, const std::string& name) const {
    return read_text(folder_.path() / out / name);
  }

  /// The files whose bytes an undisturbed run and a disturbed and resumed one must have in common.
  void expect_same(const std::string& out, const std::string& whole) const {
    for (const char* name : {"results.json", "results.csv", "weights.safetensors", "curve.csv"}) {
      EXPECT_EQ(file(out, name), file(whole, name)) << out << "/" << name;
    }
  }

  /// No file of the folder is half of another one.
  void expect_no_remains(const std::string& out) const {
    std::error_code missing;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / out, missing)) {
      EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
    }
  }

  void remove(const std::string& out) const { std::filesystem::remove_all(folder_.path() / out); }

  const TemporaryFolder& folder() const { return folder_; }
  const Call& call() const { return call_; }

 private:
  static std::vector<std::string> words(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder_;
  Call call_;
};

}  // namespace fanin::test
