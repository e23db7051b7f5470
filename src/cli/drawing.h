// The tensors of a recipe in a file's element type, one after the other and part by part.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/recipe.h"
#include "fanin/base/float16.h"
#include "fanin/init/source.h"

namespace fanin::cli {

/// T is float, double, bfloat16 or half. What is drawn element by element is drawn when it is asked for, in pieces;
/// another framework's stream and a scheme that runs the network are drawn whole by the constructor.
template <class T>
class Drawing {
 public:
  /// Throws Error where the scheme does not apply.
  explicit Drawing(const Recipe& recipe);

  std::size_t size() const { return names_.size(); }
  const std::string& name(std::size_t index) const { return names_[index]; }
  const Shape& shape(std::size_t index) const { return shapes_[index]; }  // of the whole tensor
  /// Takes the shard's part of a tensor; `first` counts from the part's beginning. Once for each tensor: what a tensor
  /// took in memory goes.
  using Take = std::function<void(std::uint64_t first, std::span<const T> values)>;
  void draw(std::size_t index, const Take& take);
  /// After draw(); nothing for a parameter that the scheme leaves at its fixed start.
  std::optional<init::FillReport> report(std::size_t index, const init::Measured& values) const;
  /// What a scheme that runs the network says: layers that were left alone, and why.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void draw_foreign();
  void run_network();

  Recipe recipe_;
  std::vector<std::string> names_, notes_;
  std::vector<Shape> shapes_;
  std::vector<std::optional<init::Source>> sources_;  // none for a scheme that runs the network
  std::vector<std::vector<T>> whole_;                 // empty where the tensors are drawn piece by piece
  std::vector<std::optional<init::FillReport>> reports_;
};

}  // namespace fanin::cli
