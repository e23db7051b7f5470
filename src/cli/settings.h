// Option rows that commands share, and the settings made from them.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.h"
#include "fanin/compare/results.h"
#include "fanin/data/dataset.h"
#include "fanin/train/trial.h"

namespace fanin::cli {

/// --help and --color, which every command has.
std::vector<OptionRow> common_rows();
/// --model, --data, --init. `many`: a list of schemes.
std::vector<OptionRow> network_rows(bool many);
/// --epochs, --steps, --batch, --optimizer and all others that decide how a network is trained.
std::vector<OptionRow> training_rows();

/// All options of `fanin train` and `fanin compare` but the budget in epochs, checked; no file is touched but those
/// that schemes read.
train::TrialSettings trial_settings(const Arguments& arguments);
compare::RunSettings run_settings(const Arguments& arguments);

/// Steps of the budget: --steps, or --epochs over the training images that are left. Throws UsageError when neither or
/// both are given, or when a batch is larger than the training set.
std::int64_t budget_steps(const Arguments& arguments, const data::Dataset& dataset);

/// Images kept for validation where --validation-size is not given: a tenth, at most 5,000.
std::int64_t default_validation_size(const data::Dataset& dataset);

/// Checks a model's name and options, and a scheme's, with the file that it reads; throws Error with the nearest name.
void check_model(const Spec& spec);
void check_scheme(const Spec& spec);
/// Says on standard error what init::scheme_warnings finds.
void warn_of_scheme(const model::Graph& graph, const Spec& scheme);

/// DIR for results of `model` on `data` where --out is not given: fanin-runs/<model>-<data>.
std::filesystem::path default_folder(const Spec& model, const std::string& data);

/// The shape of one image (C, H, W).
Shape image_shape(const data::Dataset& dataset);

}  // namespace fanin::cli
