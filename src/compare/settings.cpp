// Settings as data. One flat JSON object serves the store, the canonical text and the comparison on resume, so a field
// that is forgotten here is missed by the round-trip test.
#include "compare/settings.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "fanin/base/error.h"
#include "fanin/data/mixup.h"

namespace fanin::compare {
namespace {

using Json = nlohmann::ordered_json;

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(message);
}

}  // namespace

Json to_json(const RunSettings& settings) {
  Json schemes = Json::array();
  for (const Spec& scheme : settings.schemes) schemes.push_back(scheme.text());
  Json json;
  json["data"] = settings.data;
  json["model"] = settings.model.text();
  json["schemes"] = std::move(schemes);
  json["seeds"] = settings.seeds;
  json["tune_seeds"] = settings.tune_seeds;
  json["first_seed"] = settings.first_seed;
  json["lr_low"] = settings.lr_low;
  json["lr_high"] = settings.lr_high;
  json["lr_points"] = settings.lr_points;
  json["lr_grow"] = settings.lr_grow;
  json["steps"] = settings.steps;
  json["batch"] = settings.batch;
  json["train_size"] = settings.train_size;
  json["validation_size"] = settings.validation_size;
  json["evaluate_every"] = settings.evaluate_every;
  json["optimizer"] = settings.optimizer.text();
  json["schedule"] = settings.schedule.text();
  json["augment_flip"] = settings.augmentation.flip;
  json["augment_crop"] = settings.augmentation.crop;
  json["augment_cutout"] = settings.augmentation.cutout;
  json["clip_norm"] = settings.clip_norm;
  json["label_smoothing"] = settings.label_smoothing;
  json["mixup"] = settings.mixup;
  json["patience"] = settings.patience;
  json["target"] = settings.target;
  return json;
}

RunSettings settings_from_json(const Json& json) {
  RunSettings settings;
  settings.data = json.at("data");
  settings.model = parse_spec(json.at("model").get<std::string>());
  for (const Json& scheme : json.at("schemes")) settings.schemes.push_back(parse_spec(scheme.get<std::string>()));
  settings.seeds = json.at("seeds");
  settings.tune_seeds = json.at("tune_seeds");
  settings.first_seed = json.at("first_seed");
  settings.lr_low = json.at("lr_low");
  settings.lr_high = json.at("lr_high");
  settings.lr_points = json.at("lr_points");
  settings.lr_grow = json.at("lr_grow");
  settings.steps = json.at("steps");
  settings.batch = json.at("batch");
  settings.train_size = json.at("train_size");
  settings.validation_size = json.at("validation_size");
  settings.evaluate_every = json.at("evaluate_every");
  settings.optimizer = parse_spec(json.at("optimizer").get<std::string>());
  settings.schedule = parse_spec(json.at("schedule").get<std::string>());
  settings.augmentation.flip = json.at("augment_flip");
  settings.augmentation.crop = json.at("augment_crop");
  settings.augmentation.cutout = json.at("augment_cutout");
  settings.clip_norm = json.at("clip_norm");
  settings.label_smoothing = json.at("label_smoothing");
  settings.mixup = json.at("mixup");
  settings.patience = json.at("patience");
  settings.target = json.at("target");
  return settings;
}

std::string RunSettings::canonical_text() const {
  std::string text;
  const Json json = to_json(*this);
  for (const auto& [key, value] : json.items()) text += key + " = " + value.dump() + "\n";
  return text;
}

Json to_json(const RunFacts& facts) {
  Json json;
  json["dataset_name"] = facts.dataset_name;
  json["dataset_source"] = facts.dataset_source;
  json["dataset_checksum"] = facts.dataset_checksum;
  json["classes"] = facts.classes;
  json["train_images"] = facts.train_images;
  json["validation_images"] = facts.validation_images;
  json["test_images"] = facts.test_images;
  json["normalization_mean"] = facts.normalization_mean;
  json["normalization_std"] = facts.normalization_std;
  json["parameter_count"] = facts.parameter_count;
  json["command"] = facts.command;
  json["version"] = facts.version;
  json["instruction_set"] = facts.instruction_set;
  json["library_versions"] = facts.library_versions;
  if (!facts.scheme_contents.empty()) json["scheme_contents"] = facts.scheme_contents;
  return json;
}

RunFacts facts_from_json(const Json& json) {
  RunFacts facts;
  facts.dataset_name = json.at("dataset_name");
  facts.dataset_source = json.at("dataset_source");
  facts.dataset_checksum = json.at("dataset_checksum");
  facts.classes = json.at("classes");
  facts.train_images = json.at("train_images");
  facts.validation_images = json.at("validation_images");
  facts.test_images = json.at("test_images");
  facts.normalization_mean = json.at("normalization_mean").get<std::vector<float>>();
  facts.normalization_std = json.at("normalization_std").get<std::vector<float>>();
  facts.parameter_count = json.at("parameter_count");
  facts.command = json.at("command");
  facts.version = json.at("version");
  facts.instruction_set = json.at("instruction_set");
  facts.library_versions = json.at("library_versions");
  if (json.contains("scheme_contents"))
    facts.scheme_contents = json.at("scheme_contents").get<std::vector<std::string>>();
  return facts;
}

std::string describe_difference(const Json& there, const Json& here) {
  std::string text;
  const auto add = [&](const std::string& key, const std::string& was, const std::string& is) {
    text += fmt::format("{}{} is {} there and {} here", text.empty() ? "" : "; ", key, was, is);
  };
  for (const auto& [key, value] : here.items()) {
    if (!there.contains(key)) {
      add(key, "missing", value.dump());
    } else if (there.at(key) != value) {
      add(key, there.at(key).dump(), value.dump());
    }
  }
  for (const auto& [key, value] : there.items()) {
    if (!here.contains(key)) add(key, value.dump(), "missing");
  }
  return text;
}

void check_settings(const RunSettings& settings) {
  require(!settings.schemes.empty(), "a comparison needs at least one scheme; none was given");
  for (std::size_t i = 0; i < settings.schemes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      require(!(settings.schemes[i] == settings.schemes[j]),
              fmt::format("the scheme '{}' was given twice; each scheme is compared once", settings.schemes[i].text()));
    }
  }
  const auto in_range = [](const char* what, std::int64_t value, std::int64_t low, std::int64_t high) {
    require(value >= low && value <= high,
            fmt::format("{} is {}; expected an integer from {} to {}", what, value, low, high));
  };
  // The upper bounds only keep a slip of the keyboard from filling the disk or overflowing a product.
  in_range("the number of seeds", settings.seeds, 1, 10'000);
  in_range("the number of tuning seeds", settings.tune_seeds, 1, 1'000);
  in_range("the number of learning rates", settings.lr_points, 1, 1'000);
  in_range("the growth of the learning-rate grid", settings.lr_grow, 0, 100);
  in_range("the number of steps", settings.steps, 1, std::int64_t{1} << 40);
  in_range("the batch size", settings.batch, 1, 1 << 20);
  require(
      settings.first_seed <= std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(settings.seeds - 1),
      fmt::format("the first seed is {}; with {} seeds the last would not fit 64 bits", settings.first_seed,
                  settings.seeds));
  for (const double rate : {settings.lr_low, settings.lr_high}) {
    require(std::isfinite(rate) && rate > 0.0,
            fmt::format("the learning rate is {}; expected a finite number above 0", rate));
    // Beyond any use, and a grown grid stays finite.
    require(rate >= 1e-30 && rate <= 1e30,
            fmt::format("the learning rate is {}; expected a number from 1e-30 to 1e+30", rate));
  }
  require(settings.lr_low <= settings.lr_high,
          fmt::format("the learning rates go from {} to {}; expected the lower one first", settings.lr_low,
                      settings.lr_high));
  require(
      (settings.lr_points == 1) == (settings.lr_low == settings.lr_high),
      fmt::format("{} learning rate{} from {} to {} cannot be laid out; one rate needs equal ends, more need different "
                  "ones",
                  settings.lr_points, settings.lr_points == 1 ? "" : "s", settings.lr_low, settings.lr_high));
  require(settings.target >= 0.0 && settings.target < 1.0,
          fmt::format("the target accuracy is {}; expected a number from 0 (none) to below 1", settings.target));
  in_range("the patience", settings.patience, 0, std::int64_t{1} << 40);
  require(settings.clip_norm >= 0.0 && std::isfinite(settings.clip_norm),
          fmt::format("the clipping norm is {}; expected a finite number from 0 (none)", settings.clip_norm));
  require(settings.label_smoothing >= 0.0 && settings.label_smoothing < 1.0,
          fmt::format("the label smoothing is {}; expected a number from 0 to below 1", settings.label_smoothing));
  require(settings.mixup == 0.0 ||
              (settings.mixup >= data::Mixup::least_alpha && settings.mixup <= data::Mixup::largest_alpha),
          fmt::format("mixup's alpha is {}; expected 0 (none) or {} to {}", settings.mixup, data::Mixup::least_alpha,
                      data::Mixup::largest_alpha));
}

}  // namespace fanin::compare
