// All that decides the weights of a file that `fanin init` writes: from options, into metadata, and back.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/data/dataset.h"
#include "fanin/init/source.h"
#include "fanin/model/graph.h"

namespace fanin::cli {

using Metadata = std::map<std::string, std::string>;

struct Recipe {
  Spec scheme;
  std::uint64_t seed = 0;
  std::string stream;         // a row of random::compat::stream_table(); empty: Fanin's own
  std::optional<Spec> model;  // else one tensor
  Shape input, shape;
  std::vector<std::int64_t> stride;
  std::int64_t classes = 10, groups = 1, fused = 1;
  bool transposed = false;
  std::string name, activation;
  std::string data;  // with a network: the data set whose images a scheme may look at; "": none
  std::uint64_t data_checksum = 0;
  std::shared_ptr<const data::Dataset> dataset = {};  // where it has been read already
  std::int64_t shard = 0, shards = 1;
};

/// Whether the scheme, or one that it starts from, runs the network.
bool runs_network(const Spec& scheme);

/// Checked; throws UsageError or Error.
Recipe recipe_of(const Arguments& arguments);
/// Throws Error naming the file, also where a file that the scheme reads has changed since.
Recipe recipe_of(const Metadata& data, const std::string& file);
Metadata to_metadata(const Recipe& recipe);

/// The recipe's network, with what its scheme changes in it. Only with a model.
model::Graph network_of(const Recipe& recipe);

/// One source a tensor, in the network's order. Throws Error where the scheme does not apply.
std::vector<init::Source> sources_of(const Recipe& recipe);

/// The shard's part of a tensor: rows along the first extent, part i of n from floor(i rows / n).
struct Part {
  Shape shape;
  std::uint64_t first, count;  // elements of the whole tensor
};
Part part_of(const Recipe& recipe, const Shape& shape);

/// A sentence where the scheme means something else for this shape than a reader may think; empty else.
std::string warning(const Recipe& recipe);

}  // namespace fanin::cli
