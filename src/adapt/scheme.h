// What a scheme that runs the network gets and gives back, and the map from the table's names to the functions.
#pragma once
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/adapt/initialize.h"

namespace fanin::adapt {

struct Task {
  const model::Graph& graph;
  std::string_view name;  // of the scheme
  const Options& options;
  std::uint64_t seed;
  const Samples& samples;
  const std::stop_token& stop;
  std::vector<std::string>& notes;
};

struct SchemeEntry {
  std::string_view name;  // as in init::scheme_table()
  bool images;            // whether it looks at images of the data
  /// The state of all parameters, in the graph's order.
  std::vector<NamedTensor> (*function)(const Task& task);
  /// Throws Error where the graph or the options do not fit; nullptr: nothing to check.
  void (*check)(const Task& task) = nullptr;
};
std::span<const SchemeEntry> scheme_functions();

/// What the option `base` names, any scheme of the table, on the whole network.
std::vector<NamedTensor> base_state(const Task& task);

/// The first `count` images, or all where there are fewer.
Batch first_images(const Task& task, std::int64_t count);

/// Whether the node has a weight matrix: a convolution or linear layer.
bool has_weight(const model::Node& node);

namespace schemes {

// lsuv.cpp
std::vector<NamedTensor> lsuv(const Task& task);

// within_layer.cpp
std::vector<NamedTensor> data_normal(const Task& task);
std::vector<NamedTensor> pca(const Task& task);
std::vector<NamedTensor> kmeans(const Task& task);
void check_within_layer(const Task& task);

// first_and_last.cpp
std::vector<NamedTensor> patch_whitening(const Task& task);
void check_patch_whitening(const Task& task);
std::vector<NamedTensor> class_prior(const Task& task);
void check_class_prior(const Task& task);

// metainit.cpp
std::vector<NamedTensor> metainit(const Task& task);

// gradinit.cpp
std::vector<NamedTensor> gradinit(const Task& task);

}  // namespace schemes
}  // namespace fanin::adapt
