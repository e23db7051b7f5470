// A run's settings and facts as JSON for the store, their comparison on resume, and the check of a request before it
// runs.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::compare {

/// What a run was made with besides its settings: fixed when the run begins, kept in the store.
struct RunFacts {
  std::string dataset_name, dataset_source;
  std::uint64_t dataset_checksum = 0;
  std::int64_t classes = 0, train_images = 0, validation_images = 0, test_images = 0;
  std::vector<float> normalization_mean, normalization_std;
  std::int64_t parameter_count = 0;
  std::string command, version, instruction_set, library_versions;
  std::vector<std::string> scheme_contents;  // by scheme: init::contents_checksum; empty where none reads a file
};

/// Builds the model once and looks at the data. Throws Error when the settings do not fit them (an unknown model or
/// scheme, too few images), before anything is written.
RunFacts gather_facts(const RunSettings& settings, const data::Dataset& dataset, const std::string& command);

/// Throws Error naming the field, its value and its range: no schemes, two equal ones, a rate that is not positive, ...
void check_settings(const RunSettings& settings);

nlohmann::ordered_json to_json(const RunSettings& settings);
RunSettings settings_from_json(const nlohmann::ordered_json& json);
nlohmann::ordered_json to_json(const RunFacts& facts);
RunFacts facts_from_json(const nlohmann::ordered_json& json);

/// "learning rates from 0.001 there, 0.01 here; batch 128 there, 64 here": the fields in which two flat objects differ;
/// "" for none.
std::string describe_difference(const nlohmann::ordered_json& there, const nlohmann::ordered_json& here);

}  // namespace fanin::compare
