// Columns instead of rows (a curve is four arrays, a profile an array a quantity), so that a record stays small.
#include "compare/record.h"

#include <cmath>
#include <limits>
#include <utility>

namespace fanin::compare {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no NaN and no infinity; a record must keep them apart.
Json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

double read_number(const Json& json) {
  if (!json.is_string()) return json.get<double>();
  const std::string& text = json.get_ref<const std::string&>();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

using CurveField = std::pair<const char*, double train::CurvePoint::*>;
constexpr CurveField kCurveFields[] = {{"train_loss", &train::CurvePoint::train_loss},
                                       {"validation_loss", &train::CurvePoint::validation_loss},
                                       {"validation_accuracy", &train::CurvePoint::validation_accuracy}};

using LayerField = std::pair<const char*, double probe::LayerProfile::*>;
constexpr LayerField kLayerFields[] = {{"preactivation_rms", &probe::LayerProfile::preactivation_rms},
                                       {"activation_rms", &probe::LayerProfile::activation_rms},
                                       {"gradient_rms", &probe::LayerProfile::gradient_rms},
                                       {"weight_gradient_rms", &probe::LayerProfile::weight_gradient_rms},
                                       {"dead_fraction", &probe::LayerProfile::dead_fraction},
                                       {"weight_rms", &probe::LayerProfile::weight_rms},
                                       {"histogram_low", &probe::LayerProfile::histogram_low},
                                       {"histogram_high", &probe::LayerProfile::histogram_high}};

template <typename Item, std::size_t N>
void write_columns(Json& json, const std::vector<Item>& items,
                   const std::pair<const char*, double Item::*> (&fields)[N]) {
  for (const auto& [name, member] : fields) {
    Json column = Json::array();
    for (const Item& item : items) column.push_back(number(item.*member));
    json[name] = std::move(column);
  }
}

template <typename Item, std::size_t N>
void read_columns(const Json& json, std::vector<Item>& items,
                  const std::pair<const char*, double Item::*> (&fields)[N]) {
  for (const auto& [name, member] : fields) {
    const Json& column = json.at(name);
    for (std::size_t i = 0; i < items.size(); ++i) items[i].*member = read_number(column.at(i));
  }
}

Json write_profile(const probe::Profile& profile) {
  Json json;
  json["loss"] = number(profile.loss);
  json["finite"] = profile.finite;
  Json names = Json::array(), histograms = Json::array();
  for (const probe::LayerProfile& layer : profile.layers) {
    names.push_back(layer.name);
    histograms.push_back(layer.histogram);
  }
  json["name"] = std::move(names);
  write_columns(json, profile.layers, kLayerFields);
  json["histogram"] = std::move(histograms);
  return json;
}

probe::Profile read_profile(const Json& json) {
  probe::Profile profile;
  profile.loss = read_number(json.at("loss"));
  profile.finite = json.at("finite");
  profile.layers.resize(json.at("name").size());
  for (std::size_t i = 0; i < profile.layers.size(); ++i) {
    profile.layers[i].name = json.at("name").at(i);
    profile.layers[i].histogram = json.at("histogram").at(i).get<std::vector<std::int64_t>>();
  }
  read_columns(json, profile.layers, kLayerFields);
  return profile;
}

}  // namespace

std::string write_record(const train::TrialResult& result) {
  Json json;
  json["step"] = result.step;
  if (result.diverged_at) json["diverged_at"] = *result.diverged_at;
  if (result.stopped_at) json["stopped_at"] = *result.stopped_at;
  json["stalled"] = result.stalled;
  json["final_train_loss"] = number(result.final_train_loss);
  if (result.test_accuracy) json["test_accuracy"] = number(*result.test_accuracy);
  if (result.test_loss) json["test_loss"] = number(*result.test_loss);
  Json curve, steps = Json::array();
  for (const train::CurvePoint& point : result.curve) steps.push_back(point.step);
  curve["step"] = std::move(steps);
  write_columns(curve, result.curve, kCurveFields);
  json["curve"] = std::move(curve);
  if (result.profile_start) json["profile_start"] = write_profile(*result.profile_start);
  if (result.profile_end) json["profile_end"] = write_profile(*result.profile_end);
  return json.dump();
}

train::TrialResult read_record(std::string_view text) {
  const Json json = Json::parse(text);
  train::TrialResult result;
  result.step = json.at("step");
  if (json.contains("diverged_at")) result.diverged_at = json.at("diverged_at").get<std::int64_t>();
  if (json.contains("stopped_at")) result.stopped_at = json.at("stopped_at").get<std::int64_t>();
  result.stalled = json.at("stalled");
  result.final_train_loss = read_number(json.at("final_train_loss"));
  if (json.contains("test_accuracy")) result.test_accuracy = read_number(json.at("test_accuracy"));
  if (json.contains("test_loss")) result.test_loss = read_number(json.at("test_loss"));
  const Json& curve = json.at("curve");
  result.curve.resize(curve.at("step").size());
  for (std::size_t i = 0; i < result.curve.size(); ++i) result.curve[i].step = curve.at("step").at(i);
  read_columns(curve, result.curve, kCurveFields);
  if (json.contains("profile_start")) result.profile_start = read_profile(json.at("profile_start"));
  if (json.contains("profile_end")) result.profile_end = read_profile(json.at("profile_end"));
  return result;
}

}  // namespace fanin::compare
