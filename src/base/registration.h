// Rows that a program adds to a registry at run time: owned copies, safe to add and to find from any thread.
#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/spec.h"

namespace fanin {

/// Throws Error unless `name` can stand in a spec: a lower-case letter, then lower-case letters, digits and '_'.
void require_spec_name(std::string_view kind, std::string_view name);

/// Option rows whose texts it owns. Throws Error on a key that is no name, is there twice, or whose default the row
/// itself would refuse. `what` names the entry: "scheme 'mine'".
class OwnedOptions {
 public:
  OwnedOptions(std::span<const OptionInfo> rows, std::string_view what);
  OwnedOptions(const OwnedOptions&) = delete;
  OwnedOptions& operator=(const OwnedOptions&) = delete;
  std::span<const OptionInfo> rows() const { return rows_; }

 private:
  std::deque<std::string> texts_;  // a deque: the views into it stay good
  std::vector<OptionInfo> rows_;
};

/// Rows are never removed, so a pointer to one is good until the process ends. Row has `info.name`.
template <class Row>
class Registration {
 public:
  /// False where a row of that name is there already.
  bool add(std::unique_ptr<Row> row) {
    const std::unique_lock lock(mutex_);
    if (search(row->info.name) != nullptr) return false;
    rows_.push_back(std::move(row));
    return true;
  }
  /// nullptr where there is none.
  const Row* find(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    return search(name);
  }
  /// In the order in which they were added.
  std::vector<const Row*> rows() const {
    const std::shared_lock lock(mutex_);
    std::vector<const Row*> all;
    for (const auto& row : rows_) all.push_back(row.get());
    return all;
  }

 private:
  const Row* search(std::string_view name) const {
    for (const auto& row : rows_)
      if (row->info.name == name) return row.get();
    return nullptr;
  }
  mutable std::shared_mutex mutex_;
  std::vector<std::unique_ptr<Row>> rows_;
};

}  // namespace fanin
