// Trial results to JSON and back.
#include "fanin/train/result_json.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "fanin/base/error.h"

namespace fanin::train {
namespace {

using nlohmann::json;

json number(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

double number(const json& value) {
  if (value.is_number()) return value.get<double>();
  const auto& text = value.get_ref<const std::string&>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  throw Error(fmt::format("'{}' is no number", text));
}

json to_json(const probe::Profile& profile) {
  json layers = json::array();
  for (const probe::LayerProfile& layer : profile.layers) {
    layers.push_back({{"name", layer.name},
                      {"preactivation_rms", number(layer.preactivation_rms)},
                      {"activation_rms", number(layer.activation_rms)},
                      {"gradient_rms", number(layer.gradient_rms)},
                      {"weight_gradient_rms", number(layer.weight_gradient_rms)},
                      {"dead_fraction", number(layer.dead_fraction)},
                      {"weight_rms", number(layer.weight_rms)},
                      {"histogram_low", number(layer.histogram_low)},
                      {"histogram_high", number(layer.histogram_high)},
                      {"histogram", layer.histogram}});
  }
  return {{"loss", number(profile.loss)}, {"finite", profile.finite}, {"layers", std::move(layers)}};
}

probe::Profile profile_from(const json& object) {
  probe::Profile profile;
  profile.loss = number(object.at("loss"));
  profile.finite = object.at("finite").get<bool>();
  for (const json& item : object.at("layers")) {
    probe::LayerProfile layer;
    layer.name = item.at("name").get<std::string>();
    layer.preactivation_rms = number(item.at("preactivation_rms"));
    layer.activation_rms = number(item.at("activation_rms"));
    layer.gradient_rms = number(item.at("gradient_rms"));
    layer.weight_gradient_rms = number(item.at("weight_gradient_rms"));
    layer.dead_fraction = number(item.at("dead_fraction"));
    layer.weight_rms = number(item.at("weight_rms"));
    layer.histogram_low = number(item.at("histogram_low"));
    layer.histogram_high = number(item.at("histogram_high"));
    layer.histogram = item.at("histogram").get<std::vector<std::int64_t>>();
    profile.layers.push_back(std::move(layer));
  }
  return profile;
}

}  // namespace

std::string to_json_text(const TrialResult& result) {
  json curve = json::array();
  for (const CurvePoint& point : result.curve) {
    curve.push_back(
        {point.step, number(point.train_loss), number(point.validation_loss), number(point.validation_accuracy)});
  }
  json object = {{"curve", std::move(curve)},
                 {"step", result.step},
                 {"stalled", result.stalled},
                 {"final_train_loss", number(result.final_train_loss)},
                 {"seconds", number(result.seconds)}};
  if (result.diverged_at) object["diverged_at"] = *result.diverged_at;
  if (result.stopped_at) object["stopped_at"] = *result.stopped_at;
  if (result.test_accuracy) object["test_accuracy"] = number(*result.test_accuracy);
  if (result.test_loss) object["test_loss"] = number(*result.test_loss);
  if (result.profile_start) object["profile_start"] = to_json(*result.profile_start);
  if (result.profile_end) object["profile_end"] = to_json(*result.profile_end);
  return object.dump();
}

TrialResult result_from_json_text(std::string_view text) {
  try {
    const json object = json::parse(text);
    TrialResult result;
    for (const json& point : object.at("curve")) {
      result.curve.push_back(
          {point.at(0).get<std::int64_t>(), number(point.at(1)), number(point.at(2)), number(point.at(3))});
    }
    result.step = object.at("step").get<std::int64_t>();
    result.stalled = object.at("stalled").get<bool>();
    result.final_train_loss = number(object.at("final_train_loss"));
    result.seconds = number(object.at("seconds"));
    if (object.contains("diverged_at")) result.diverged_at = object["diverged_at"].get<std::int64_t>();
    if (object.contains("stopped_at")) result.stopped_at = object["stopped_at"].get<std::int64_t>();
    if (object.contains("test_accuracy")) result.test_accuracy = number(object["test_accuracy"]);
    if (object.contains("test_loss")) result.test_loss = number(object["test_loss"]);
    if (object.contains("profile_start")) result.profile_start = profile_from(object["profile_start"]);
    if (object.contains("profile_end")) result.profile_end = profile_from(object["profile_end"]);
    return result;
  } catch (const json::exception& error) {
    throw Error(fmt::format("a recorded trial result cannot be read: {}", error.what()));
  }
}

}  // namespace fanin::train
