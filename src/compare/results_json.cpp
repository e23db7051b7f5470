// results.json, schema "fanin-results" version 1 (docs/results.md). No clock value, no command line (a resumed run's
// differs), no path of the run.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "compare/assemble.h"
#include "compare/json_text.h"
#include "compare/settings.h"
#include "fanin/compare/compare.h"

namespace fanin::compare {
namespace {

using Json = nlohmann::ordered_json;

// The double that prints as the float does: 0.2860406 and not 0.28604060411453247.
double as_printed(float value) {
  const std::string text = fmt::format("{}", value);
  double result = value;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

Json floats(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(as_printed(value));
  return list;
}

template <typename Value>
Json optional(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json interval(const Interval& value) {
  return {{"n", value.n}, {"mean", value.mean}, {"std", value.std}, {"low", value.low}, {"high", value.high}};
}

Json proportion(const Interval& value) {
  return {{"n", value.n}, {"mean", value.mean}, {"low", value.low}, {"high", value.high}};
}

template <typename Item, typename Get>
Json column(const std::vector<Item>& items, Get get) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(get(item));
  return list;
}

Json curve(const std::vector<train::CurvePoint>& points) {
  using Point = train::CurvePoint;
  return {{"step", column(points, [](const Point& p) { return p.step; })},
          {"train_loss", column(points, [](const Point& p) { return p.train_loss; })},
          {"validation_loss", column(points, [](const Point& p) { return p.validation_loss; })},
          {"validation_accuracy", column(points, [](const Point& p) { return p.validation_accuracy; })}};
}

Json profile(const std::optional<probe::Profile>& value) {
  if (!value) return nullptr;
  using Layer = probe::LayerProfile;
  const std::vector<Layer>& layers = value->layers;
  return {{"loss", value->loss},
          {"finite", value->finite},
          {"preactivation_rms", column(layers, [](const Layer& l) { return l.preactivation_rms; })},
          {"activation_rms", column(layers, [](const Layer& l) { return l.activation_rms; })},
          {"gradient_rms", column(layers, [](const Layer& l) { return l.gradient_rms; })},
          {"weight_gradient_rms", column(layers, [](const Layer& l) { return l.weight_gradient_rms; })},
          {"dead_fraction", column(layers, [](const Layer& l) { return l.dead_fraction; })},
          {"weight_rms", column(layers, [](const Layer& l) { return l.weight_rms; })}};
}

Json rate(const RateResult& value) {
  return {{"learning_rate", value.learning_rate},
          {"grid_index", value.grid_index},
          {"steps", value.steps},
          {"score", value.score},
          {"validation_accuracy", value.validation_accuracy},
          {"diverged", value.diverged},
          {"stalled", value.stalled},
          {"chosen", value.chosen}};
}

Json trial(std::uint64_t seed, const train::TrialResult& value) {
  Json json = {{"seed", seed},
               {"steps", value.step},
               {"diverged_at", optional(value.diverged_at)},
               {"stalled", value.stalled},
               {"final_train_loss", value.final_train_loss},
               {"test_accuracy", optional(value.test_accuracy)},
               {"test_loss", optional(value.test_loss)},
               {"curve", curve(value.curve)},
               {"profile_start", profile(value.profile_start)},
               {"profile_end", profile(value.profile_end)}};
  if (value.stopped_at) json["stopped_at"] = *value.stopped_at;  // with early stopping alone
  return json;
}

Json time_to_target(const std::optional<TimeToTarget>& value) {
  if (!value) return nullptr;
  return {{"reached", value->reached},
          {"censored", value->censored},
          {"median_steps", optional(value->median_steps)},
          {"restricted_mean_steps", value->restricted_mean_steps}};
}

Json scheme(const SchemeResult& value) {
  Json json = {{"scheme", value.scheme.text()},
               {"learning_rate", value.learning_rate},
               {"rate_at_end_of_grid", value.rate_at_end_of_grid},
               {"trains_at_no_rate", value.trains_at_no_rate},
               {"diverged", value.diverged},
               {"stalled", value.stalled},
               {"test_accuracy", interval(value.test_accuracy)},
               {"final_train_loss", interval(value.final_train_loss)},
               {"loss_area", interval(value.loss_area)},
               {"failure_proportion", proportion(value.failure_proportion)},
               {"time_to_target", time_to_target(value.time_to_target)},
               {"activation_lost_at", optional(value.activation_lost_at)},
               {"gradient_lost_at", optional(value.gradient_lost_at)}};
  json["rates"] = column(value.rates, rate);
  Json trials = Json::array();
  for (std::size_t i = 0; i < value.trials.size(); ++i) trials.push_back(trial(value.seeds[i], value.trials[i]));
  json["trials"] = std::move(trials);
  return json;
}

Json pair(const Results& results, const PairResult& value) {
  return {{"a", results.schemes[value.a].scheme.text()},
          {"b", results.schemes[value.b].scheme.text()},
          {"difference", interval(value.difference)},
          {"p_value", value.p_value},
          {"p_holm", value.p_holm},
          {"probability_of_improvement", value.probability_of_improvement},
          {"smallest_detectable", value.smallest_detectable}};
}

}  // namespace

std::string results_json(const Results& results) {
  Json json;
  json["schema"] = "fanin-results";
  json["schema_version"] = 1;
  json["fanin"] = {{"version", results.version},
                   {"instruction_set", results.instruction_set},
                   {"libraries", results.library_versions}};
  json["conclusion"] = results.conclusion;
  json["notes"] = results.notes;
  json["settings"] = to_json(results.settings);
  json["dataset"] = {{"name", results.dataset_name},
                     {"source", results.dataset_source},
                     {"classes", results.classes},
                     {"train_images", results.train_images},
                     {"validation_images", results.validation_images},
                     {"test_images", results.test_images},
                     {"normalization_mean", floats(results.normalization_mean)},
                     {"normalization_std", floats(results.normalization_std)}};
  json["network"] = {{"parameters", results.parameter_count}, {"layers", results.layer_names}};
  json["ranking"] = column(results.ranking, [&](std::size_t index) { return results.schemes[index].scheme.text(); });
  json["schemes"] = column(results.schemes, scheme);
  json["pairs"] = column(results.pairs, [&](const PairResult& value) { return pair(results, value); });
  return to_text(json);
}

}  // namespace fanin::compare
