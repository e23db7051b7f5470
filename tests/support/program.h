// Runs the built program as a user would, and makes small data for it.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace fanin::test {

struct Outcome {
  int code = -1;  // exit code, or -signal
  std::string out, err;
  double seconds = 0;       // that it ran
  double seconds_left = 0;  // from the first signal to the end
};

struct Call {
  std::vector<std::string> environment;  // "NAME=value", added
  std::filesystem::path folder;          // to run in; "" for this one
  long largest_file = 0;                 // bytes a file may have (as a full disk would); 0: no limit
  std::string out_path;                  // standard output goes to this file; "" is captured
  int columns = 0;                       // standard error is a terminal of this width; 0: a pipe
  int signal = 0;                        // sent when `signal_when` appears on standard error
  std::string signal_when;
  int signals = 1;           // how many are sent
  double signal_after = -1;  // seconds from the start to the signal, in place of `signal_when`
};

Outcome run_fanin(const std::vector<std::string>& arguments, const Call& call = {});

/// A fresh folder, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void write_text(const std::filesystem::path& path, const std::string& bytes);
std::string read_text(const std::filesystem::path& path);

/// Four IDX files of 16x16 images in 4 classes, easy to tell apart: 640 for training, 128 for testing.
void write_idx_dataset(const std::filesystem::path& folder);

}  // namespace fanin::test
