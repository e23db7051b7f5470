// The initial state of a network under any scheme of the table, those included that run the network on images: LSUV,
// filters from patches, MetaInit, GradInit. init::initialize (fanin/init/schemes.h) is enough for all others.
//
// Results depend on (graph, scheme, seed, images), the build and the instruction set alone: one thread computes, and
// what runs beside it does not matter.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/data/dataset.h"
#include "fanin/init/schemes.h"
#include "fanin/model/graph.h"

namespace fanin::adapt {

struct Batch {
  Tensor images;                     // (N, C, H, W) or (N, F), normalized
  std::vector<std::int32_t> labels;  // (N)
};

/// Where a scheme finds images; nothing is normalized or copied before one asks.
class Samples {
 public:
  /// No images: schemes that look at some are refused.
  Samples() = default;
  /// A batch of one's own.
  explicit Samples(Batch batch) : batch_(std::move(batch)) {}
  /// The images of a training split in the split's order, without augmentation. Keeps references to all three.
  Samples(const data::Images& images, std::span<const std::uint32_t> indices, const data::Normalization& normalization)
      : images_(&images), indices_(indices), normalization_(&normalization) {}

  /// How many images there are; 0: none.
  std::int64_t size() const;
  /// Images [first, first + count), again from the start behind the last; 1 <= count. Throws Error without images.
  Batch take(std::int64_t first, std::int64_t count) const;
  /// How often each label from 0 to classes - 1 occurs. Throws Error on a label outside.
  std::vector<std::int64_t> label_counts(std::int64_t classes) const;

 private:
  std::optional<Batch> batch_;
  const data::Images* images_ = nullptr;
  std::span<const std::uint32_t> indices_;
  const data::Normalization* normalization_ = nullptr;
};

/// What an initialization did.
struct Report {
  std::vector<init::FillReport> fills;  // of a scheme that measures, a weight's gain is its std sqrt(fan_in)
  std::vector<std::string> notes;       // sentences: layers that were left alone, and why
};

/// The initial state of all parameters in the graph's order, under any scheme by name. Throws Error where the scheme
/// does not apply or needs images that `samples` does not have, Interrupted when `stop` asks.
std::vector<NamedTensor> initialize(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                                    const Samples& samples = {}, const std::stop_token& stop = {},
                                    Report* report = nullptr);

/// Throws what initialize() would throw for a scheme that does not apply, without running the network: what only the
/// images show (a dead layer) is not seen.
void check(const model::Graph& graph, const Spec& scheme, std::uint64_t seed, const Samples& samples = {});

}  // namespace fanin::adapt
