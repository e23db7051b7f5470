// From options to settings. What can be checked without the data is checked before the data is read.
#include "cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/values.h"
#include "fanin/base/nearest.h"
#include "fanin/data/mixup.h"
#include "fanin/init/aliases.h"
#include "fanin/init/files.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/train/optimizer.h"

namespace fanin::cli {

namespace {

constexpr std::int64_t most_steps = 1'000'000'000;
constexpr std::int64_t most_images = 1'000'000'000;
constexpr std::int64_t most_seeds = 1000;
constexpr std::int64_t largest_batch = 65536;
constexpr Range unbounded_from_zero{};

/// The specs of optimizers and schedules are checked against their tables here, before any data is read.
Spec training_spec(const Arguments& arguments, std::string_view option, std::string_view kind,
                   std::span<const train::OptimizerInfo> table) {
  Spec spec = parse_spec(arguments.text(option));
  std::vector<std::string> names;
  for (const train::OptimizerInfo& row : table) {
    names.emplace_back(row.name);
    if (row.name != spec.name) continue;
    const Options checked(spec, row.options, fmt::format("{} '{}'", kind, spec.name));
    return spec;
  }
  throw Error(unknown_name_message(kind, spec.name, names));
}

/// The fields that a trial's and a comparison's settings have in common.
template <typename Settings>
void fill_training(Settings& settings, const Arguments& arguments) {
  settings.model = parse_spec(required(arguments, "--model", "a model ('fanin list models' shows them)"));
  check_model(settings.model);
  settings.batch = integer(arguments, "--batch", 1, largest_batch);
  settings.optimizer = training_spec(arguments, "--optimizer", "optimizer", train::optimizer_table());
  settings.schedule = training_spec(arguments, "--schedule", "schedule", train::schedule_table());
  settings.augmentation = data::parse_augmentation(arguments.text("--augment"));
  settings.clip_norm = number(arguments, "--clip-norm", unbounded_from_zero);
  settings.label_smoothing = number(arguments, "--label-smoothing", {0, 1, false, true});
  settings.mixup = number(arguments, "--mixup", unbounded_from_zero);
  if (settings.mixup != 0 &&
      (settings.mixup < data::Mixup::least_alpha || settings.mixup > data::Mixup::largest_alpha)) {
    throw UsageError(fmt::format("--mixup is {}; expected 0 (none) or a number from {} to {}", settings.mixup,
                                 data::Mixup::least_alpha, data::Mixup::largest_alpha));
  }
  settings.patience = integer(arguments, "--patience", 0, most_steps);
  settings.train_size = integer(arguments, "--train-size", 0, most_images);
  settings.validation_size = integer(arguments, "--validation-size", 0, most_images);
  settings.evaluate_every = integer(arguments, "--evaluate-every", 0, most_steps);
  if (arguments.given("--steps") == arguments.given("--epochs")) {
    throw UsageError(arguments.given("--steps") ? "--steps and --epochs are both given; expected one of them"
                                                : "the length of training is missing; expected --epochs or --steps");
  }
  if (arguments.given("--steps")) {
    settings.steps = integer(arguments, "--steps", 1, most_steps);
  } else {
    integer(arguments, "--epochs", 1, most_steps);  // steps follow when the data's size is known
  }
  required(arguments, "--data", "a data set's name or a path ('fanin list datasets' shows what is recognised)");
}

}  // namespace

std::vector<OptionRow> common_rows() {
  return {{"--color", "WHEN", "auto", "Colour: always, never or auto (a terminal, unless NO_COLOR is set).", "General"},
          {"-h,--help", "", "", "Show this help.", "General"}};
}

std::vector<OptionRow> network_rows(bool many) {
  constexpr std::string_view group = "What";
  return {{"--model", "MODEL", "", "The network: a name, with options as in vanilla:depth=20,width=16.", group},
          {"--data", "DATA", "", "A data set's name, or a folder or archive (IDX, CIFAR, .npz, images).", group},
          many ? OptionRow{"--init,--scheme", "A,B,...", "",
                           "The schemes to compare, as in he_normal,normal:std=0.01,zeros.", group}
               : OptionRow{"--init,--scheme", "SCHEME", "", "The scheme of the initial weights, as in normal:std=0.01.",
                           group}};
}

std::vector<OptionRow> training_rows() {
  constexpr std::string_view group = "Training";
  return {
      {"--epochs", "N", "", "Passes over the training images.", group},
      {"--steps", "N", "", "Batches, in place of --epochs.", group},
      {"--batch", "N", "128", "Images a step.", group},
      {"--optimizer", "OPTIMIZER", "sgd:momentum=0.9", "The update rule.", group},
      {"--schedule", "SCHEDULE", "constant", "The learning rate over the steps.", group},
      {"--augment", "LIST", "none", "Random changes of the images, as in flip,crop:4,cutout:8.", group},
      {"--clip-norm", "NORM", "0", "Scale gradients down to this norm; 0: never.", group},
      {"--label-smoothing", "S", "0", "Weight given to all classes alike, in [0, 1).", group},
      {"--mixup", "ALPHA", "0", "Train on mixtures of two images, their shares from Beta(ALPHA, ALPHA); 0: never.",
       group},
      {"--patience", "POINTS", "0",
       "Stop after this many points of the curve without a lower validation loss; 0: never.", group},
      {"--train-size", "N", "0", "Train on this many images; 0: all but those for validation.", group},
      {"--validation-size", "N", "0", "Images for validation; 0: a tenth of the training images, at most 5000.", group},
      {"--evaluate-every", "STEPS", "0", "Steps between points of the curve; 0: about 20 points.", group},
  };
}

void check_model(const Spec& spec) {
  std::vector<std::string> names;
  for (const model::BuilderInfo& row : model::builder_table()) {
    names.emplace_back(row.name);
    if (row.name != spec.name) continue;
    const Options checked(spec, row.options, fmt::format("model '{}'", spec.name));
    return;
  }
  throw Error(unknown_name_message("model", spec.name, names));
}

void check_scheme(const Spec& spec) {
  const init::SchemeInfo& row = init::find_scheme(spec.name);
  const Options checked(init::resolve_alias(spec), row.options, fmt::format("scheme '{}'", spec.name));
  if (std::ranges::find(row.options, "base", &OptionInfo::key) != row.options.end())
    check_scheme(parse_spec(checked.text("base")));  // the scheme that this one starts from
  const init::SchemeFiles readable(spec);
}

void warn_of_scheme(const model::Graph& graph, const Spec& scheme) {
  for (const std::string& warning : init::scheme_warnings(graph, scheme))
    fmt::print(stderr, "fanin: warning: {}\n", warning);
}

train::TrialSettings trial_settings(const Arguments& arguments) {
  train::TrialSettings settings;
  fill_training(settings, arguments);
  settings.init = parse_spec(required(arguments, "--init", "a scheme ('fanin list schemes' shows them)"));
  check_scheme(settings.init);
  if (arguments.text("--lr").find("..") != std::string::npos)
    throw UsageError(
        fmt::format("--lr is '{}'; expected one rate: 'fanin compare' takes a grid", arguments.text("--lr")));
  settings.learning_rate = number(arguments, "--lr", {0, std::numeric_limits<double>::infinity(), true, false});
  settings.seed = seed(arguments);
  return settings;
}

compare::RunSettings run_settings(const Arguments& arguments) {
  compare::RunSettings settings;
  fill_training(settings, arguments);
  settings.data = arguments.text("--data");
  settings.schemes = parse_spec_list(required(arguments, "--init", "schemes ('fanin list schemes' shows them)"));
  std::vector<Spec> by_table_name = settings.schemes;  // so that an alias does not make a scheme look like two
  for (std::size_t i = 0; i < by_table_name.size(); ++i) {
    check_scheme(by_table_name[i]);
    by_table_name[i] = init::resolve_alias(by_table_name[i]);
    by_table_name[i].name = init::find_scheme(by_table_name[i].name).name;
    if (std::find(by_table_name.begin(), by_table_name.begin() + static_cast<std::ptrdiff_t>(i), by_table_name[i]) !=
        by_table_name.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw UsageError(fmt::format("--init names the scheme '{}' twice", by_table_name[i].text()));
    }
  }
  settings.seeds = integer(arguments, "--seeds", 1, most_seeds);
  settings.tune_seeds = integer(arguments, "--tune-seeds", 1, most_seeds);
  settings.first_seed = seed(arguments);
  if (settings.first_seed + static_cast<std::uint64_t>(settings.seeds - 1) < settings.first_seed) {
    throw UsageError(
        fmt::format("--seed {} leaves no room for {} seeds below 2^64", settings.first_seed, settings.seeds));
  }
  const RateGrid grid = rate_grid(arguments, "--lr");
  settings.lr_low = grid.low;
  settings.lr_high = grid.high;
  settings.lr_points = grid.points;
  settings.lr_grow = integer(arguments, "--lr-grow", 0, 2);
  if (grid.points == 1) {
    if (arguments.given("--lr-grow") && settings.lr_grow > 0) {
      throw UsageError("--lr-grow needs a grid; expected --lr LOW..HIGH:POINTS beside it");
    }
    settings.lr_grow = 0;
  }
  if (arguments.given("--target")) {
    settings.target = number(arguments, "--target", {0, 1, true, false});
  }
  return settings;
}

std::int64_t default_validation_size(const data::Dataset& dataset) {
  return std::clamp<std::int64_t>(dataset.train.count / 10, 1, 5000);
}

std::int64_t budget_steps(const Arguments& arguments, const data::Dataset& dataset) {
  const std::int64_t wanted_validation = integer(arguments, "--validation-size", 0, most_images);
  const std::int64_t validation = wanted_validation > 0 ? wanted_validation : default_validation_size(dataset);
  const std::int64_t wanted = integer(arguments, "--train-size", 0, most_images);
  const std::int64_t left = dataset.train.count - validation;
  if (left < std::max<std::int64_t>(wanted, 1)) {
    throw UsageError(
        fmt::format("{} images are too few for {} to train on (--train-size) and {} for validation "
                    "(--validation-size)",
                    dataset.train.count, std::max<std::int64_t>(wanted, 1), validation));
  }
  const std::int64_t images = wanted > 0 ? wanted : left;
  const std::int64_t batch = integer(arguments, "--batch", 1, largest_batch);
  if (images < batch) {
    throw UsageError(fmt::format("--batch is {}, more than the {} images to train on", batch, images));
  }
  if (arguments.given("--steps")) return integer(arguments, "--steps", 1, most_steps);
  const std::int64_t epochs = integer(arguments, "--epochs", 1, most_steps);
  const std::int64_t batches = images / batch;
  if (epochs > most_steps / batches) {
    throw UsageError(fmt::format("--epochs is {}: more than {} steps", epochs, most_steps));
  }
  return epochs * batches;
}

std::filesystem::path default_folder(const Spec& model, const std::string& data) {
  std::string name = model.text() + "-" + std::filesystem::path(data).filename().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_') c = '-';
  }
  return std::filesystem::path("fanin-runs") / name;
}

Shape image_shape(const data::Dataset& dataset) {
  return {dataset.train.channels, dataset.train.height, dataset.train.width};
}

}  // namespace fanin::cli
