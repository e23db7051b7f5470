// The store of a run: DIR/run.sqlite. One writer (the coordinating thread), one transaction a record; what is committed
// survives kill -9 and power loss. Tables and columns: docs/results.md.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "compare/plan.h"
#include "compare/settings.h"

namespace fanin::compare {

struct Timing {
  TaskKey key;
  double seconds = 0;  // of training in this trial so far, evaluation included
};

class Store {
 public:
  /// Begins a run in `folder` (which must exist and be locked) or, with `resume`, continues the one that it holds.
  /// Throws Error when it holds a run and `resume` is false, when settings or facts differ from the run's (naming the
  /// fields), or when the file is foreign, damaged or of a newer version.
  static Store open(const std::filesystem::path& folder, const RunSettings& settings, const RunFacts& facts,
                    bool resume);
  /// Opens a run to read. Throws Error when there is none.
  static Store read(const std::filesystem::path& folder);
  ~Store();
  Store(Store&&) noexcept;

  const RunSettings& settings() const;
  const RunFacts& facts() const;  // as recorded when the run began
  Records records() const;
  std::vector<Timing> timings() const;

  /// Commits one record with its time. Throws Failure when the disk is full; the run can be resumed then.
  void add(const TaskKey& key, const train::TrialResult& result);
  /// Folds the write-ahead log into the one file, so that a finished run can be read where nothing can be written.
  void seal();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fanin::compare
