// The facts of a run, and the checks of a request that need the model, the schemes and the data.
#include <fmt/format.h>
#include <sqlite3.h>

#include "compare/settings.h"
#include "fanin/adapt/initialize.h"
#include "fanin/data/dataset.h"
#include "fanin/engine/version.h"
#include "fanin/init/effects.h"
#include "fanin/init/files.h"
#include "fanin/model/builders.h"
#include "fanin/train/optimizer.h"

namespace fanin::compare {
RunFacts gather_facts(const RunSettings& settings, const data::Dataset& dataset, const std::string& command) {
  const model::Graph graph = model::build_model(
      settings.model, {dataset.train.channels, dataset.train.height, dataset.train.width}, dataset.classes());
  std::vector<std::string> contents;
  bool any_contents = false;
  for (const Spec& scheme : settings.schemes) {
    contents.push_back(init::contents_checksum(scheme));
    any_contents = any_contents || !contents.back().empty();
  }
  train::Schedule(settings.schedule, settings.steps);
  const data::Split split =
      data::make_split(dataset.train, settings.train_size, settings.validation_size, settings.first_seed);
  const data::Normalization normalization = data::compute_normalization(dataset.train);
  const adapt::Samples samples(dataset.train, split.train, normalization);
  for (const Spec& scheme : settings.schemes)
    adapt::check(init::prepare(graph, scheme), scheme, settings.first_seed, samples);

  RunFacts facts;
  facts.dataset_name = dataset.name;
  facts.dataset_source = dataset.source;
  facts.dataset_checksum = dataset.checksum;
  facts.classes = dataset.classes();
  facts.train_images = static_cast<std::int64_t>(split.train.size());
  facts.validation_images = static_cast<std::int64_t>(split.validation.size());
  facts.test_images = dataset.test.count;
  facts.normalization_mean = normalization.mean;
  facts.normalization_std = normalization.std;
  facts.parameter_count = graph.trainable_count();
  facts.command = command;
  facts.version = FANIN_VERSION;
  facts.instruction_set = engine::instruction_set();
  facts.library_versions = fmt::format("{}, SQLite {}", engine::library_versions(), sqlite3_libversion());
  if (any_contents) facts.scheme_contents = std::move(contents);
  return facts;
}

}  // namespace fanin::compare
