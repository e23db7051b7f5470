// Another network's weights, and which of its tensors a parameter takes.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/init/schemes.h"

namespace fanin::init {

struct SourceWeights {
  std::string path;
  std::string checksum;  // of the file's bytes, 16 hexadecimal digits
  std::map<std::string, Tensor, std::less<>> tensors;
};

/// The file of a spec with an option `file`, read once for all that hold it. Throws Error naming the file.
std::shared_ptr<const SourceWeights> source_weights(const Spec& scheme);
std::shared_ptr<const SourceWeights> source_weights(const std::string& path);

/// The option `map`: TARGET:SOURCE pairs joined by '+', on names of layers (parameters without their last part). One
/// '*' on both sides stands for the same text; the source `new` says that the file has no such layer. Layers that no
/// pair names keep their name.
class LayerMap {
 public:
  /// Throws Error naming the scheme and the pair.
  LayerMap(std::string_view text, std::string_view scheme);
  /// The layer of the file; nothing for a new one.
  std::optional<std::string> source_of(std::string_view layer) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// A scheme that reads another network's weights, at work on one parameter or network.
class SourceReader {
 public:
  SourceReader(const Options& options, std::string_view scheme);

  std::string_view scheme() const { return scheme_; }
  const SourceWeights& weights() const { return *weights_; }
  /// What the file calls this parameter ("fc.weight" by map=fc:head is "head.weight"); nothing where its layer is new.
  std::optional<std::string> name_of(std::string_view parameter) const;
  /// The parameter's tensor; nullptr where the file has none. Throws Error where it holds NaN or infinity.
  const Tensor* find(std::string_view parameter) const;
  /// The same; throws Error with the nearest name where the file has none.
  const Tensor& require(std::string_view parameter) const;
  /// Throws Error where the file has weights that no parameter of the network takes: then a layer of it would be lost.
  void require_no_more(const model::Graph& graph) const;
  /// "scheme 'net2wider': a.safetensors: " before `what`.
  [[noreturn]] void refuse(std::string_view what) const;

 private:
  std::string_view scheme_;
  std::shared_ptr<const SourceWeights> weights_;
  LayerMap map_;
};

/// Fills by the option `base` (a scheme's name) what the file does not give; false and nothing done for a parameter
/// that keeps its usual start.
std::optional<Applied> fill_by_base(const WeightContext& context, const Options& options, std::span<float> out);

}  // namespace fanin::init
