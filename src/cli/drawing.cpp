#include "cli/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>
#include <utility>

#include "cli/settings.h"
#include "fanin/adapt/initialize.h"
#include "fanin/base/error.h"
#include "fanin/data/dataset.h"
#include "fanin/model/builders.h"

namespace fanin::cli {

namespace {

/// Some 8 to 32 MB: enough for several threads, little beside a shard.
constexpr std::uint64_t piece_size = std::uint64_t{1} << 22;

template <class T, class From>
T to_type(From value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return to_bfloat16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<T, half>) {
    return to_half(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

template <class T, class From>
std::vector<T> converted(std::vector<From> values, const std::string& name) {
  if constexpr (std::is_same_v<T, From>) {
    return values;
  } else {
    if constexpr (std::is_same_v<T, half>) {
      constexpr From largest_half = 65504;
      const auto out = std::ranges::find_if(values, [](From value) { return std::abs(value) > largest_half; });
      if (out != values.end())
        throw Error(fmt::format("'{}' holds {:.6g}; expected at most {}, where half ends", name, *out, largest_half));
    }
    std::vector<T> result(values.size());
    std::ranges::transform(values, result.begin(), to_type<T, From>);
    return result;
  }
}

/// The state of a network under a scheme that runs it: on the images that a training with this seed has.
std::vector<NamedTensor> run_scheme(const Recipe& recipe, adapt::Report& report) {
  const model::Graph graph = network_of(recipe);
  if (recipe.data.empty()) return adapt::initialize(graph, recipe.scheme, recipe.seed, {}, {}, &report);
  const auto read = [&] { return std::make_shared<const data::Dataset>(data::load_dataset(recipe.data)); };
  const std::shared_ptr<const data::Dataset> held = recipe.dataset ? recipe.dataset : read();
  const data::Dataset& dataset = *held;
  if (recipe.data_checksum != 0 && dataset.checksum != recipe.data_checksum)
    throw Error(fmt::format("{} holds other images than those that the weights were made with", recipe.data));
  const data::Split split = data::make_split(dataset.train, 0, default_validation_size(dataset), recipe.seed);
  const data::Normalization normalization = data::compute_normalization(dataset.train);
  const adapt::Samples samples(dataset.train, split.train, normalization);
  return adapt::initialize(graph, recipe.scheme, recipe.seed, samples, {}, &report);
}

}  // namespace

template <class T>
Drawing<T>::Drawing(const Recipe& recipe) : recipe_(recipe) {
  if (recipe.model && runs_network(recipe.scheme)) {
    run_network();
    return;
  }
  for (init::Source& source : sources_of(recipe)) {
    names_.push_back(source.name());
    shapes_.push_back(source.shape());
    sources_.emplace_back(std::move(source));
  }
  if (!recipe.stream.empty()) draw_foreign();
}

/// A 16-bit type holds the framework's 32-bit values, rounded, as a module that is built in float32 and then converted.
template <class T>
void Drawing<T>::draw_foreign() {
  using Drawn = std::conditional_t<std::is_same_v<T, double>, double, float>;
  std::vector<init::Source> all;
  for (std::optional<init::Source>& source : sources_) all.push_back(std::move(*source));
  whole_.resize(all.size());
  init::draw_all<Drawn>(all, recipe_.stream, recipe_.seed, [&](std::size_t index, std::vector<Drawn> values) {
    whole_[index] = converted<T, Drawn>(std::move(values), names_[index]);
  });
  for (std::size_t i = 0; i < all.size(); ++i) sources_[i] = std::move(all[i]);
}

template <class T>
void Drawing<T>::run_network() {
  adapt::Report report;
  for (NamedTensor& tensor : run_scheme(recipe_, report)) {
    const auto fill = std::ranges::find(report.fills, tensor.name, &init::FillReport::parameter);
    reports_.push_back(fill == report.fills.end() ? std::nullopt : std::optional(*fill));
    whole_.push_back(converted<T, float>(std::move(tensor.tensor.values), tensor.name));
    names_.push_back(std::move(tensor.name));
    shapes_.push_back(std::move(tensor.tensor.shape));
  }
  sources_.resize(names_.size());
  notes_ = std::move(report.notes);
}

template <class T>
void Drawing<T>::draw(std::size_t index, const Take& take) {
  const Part part = part_of(recipe_, shapes_[index]);
  if (!whole_.empty()) {
    const std::vector<T> values = std::move(whole_[index]);
    return take(0,
                std::span(values).subspan(static_cast<std::size_t>(part.first), static_cast<std::size_t>(part.count)));
  }
  std::vector<T> piece(static_cast<std::size_t>(std::min(part.count, piece_size)));
  for (std::uint64_t at = 0; at < part.count; at += piece.size()) {
    const std::uint64_t left = part.count - at;
    const std::span<T> values =
        std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), left)));
    sources_[index]->fill(values, part.first + at);
    take(at, values);
  }
  sources_[index]->release();
}

template <class T>
std::optional<init::FillReport> Drawing<T>::report(std::size_t index, const init::Measured& values) const {
  if (!sources_[index]) return reports_[index];
  if (!sources_[index]->by_scheme()) return std::nullopt;
  return sources_[index]->report(values);
}

template class Drawing<float>;
template class Drawing<double>;
template class Drawing<bfloat16>;
template class Drawing<half>;

}  // namespace fanin::cli
