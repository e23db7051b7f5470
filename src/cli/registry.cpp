// Rows of the registries as entries.
#include "cli/registry.h"

#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "cli/command.h"
#include "fanin/data/dataset.h"
#include "fanin/init/aliases.h"
#include "fanin/init/gains.h"
#include "fanin/init/schemes.h"
#include "fanin/init/source.h"
#include "fanin/model/builders.h"
#include "fanin/random/compat.h"
#include "fanin/train/optimizer.h"

namespace fanin::cli {

namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

/// The facts that have a text.
Facts known(Facts facts) {
  std::erase_if(facts, [](const auto& fact) { return fact.second.empty(); });
  return facts;
}

std::vector<Entry> schemes() {
  std::vector<Entry> entries;
  for (const init::SchemeInfo& row : init::scheme_table()) {
    entries.push_back({"scheme", std::string(row.name), split_words(row.aliases), std::string(row.summary),
                       known({{"Formula", std::string(row.formula)},
                              {"Paper", std::string(row.paper)},
                              {"Also", std::string(row.also)},
                              {"Looks at", std::string(init::needs_name(row.needs))},
                              {"Drawn", std::string(init::drawn_how(row))},
                              {"Use it", std::string(row.when)},
                              {"Do not", std::string(row.when_not)},
                              {"Test", std::string(row.proof)}}),
                       row.options, fmt::format("--init {}", row.name)});
  }
  return entries;
}

std::vector<Entry> presets() {
  std::vector<Entry> entries = schemes();
  std::erase_if(entries, [](const Entry& entry) { return !is_preset(entry.name); });
  for (Entry& entry : entries) entry.example = fmt::format("--preset {}", entry.name);
  return entries;
}

/// With the gains that schemes take for it, by quadrature.
std::vector<Entry> activations() {
  std::vector<Entry> entries;
  for (int i = 0; i < model::activation_kinds; ++i) {
    const auto kind = static_cast<model::ActivationKind>(i);
    const model::Activation activation{kind, model::default_alpha(kind)};
    const init::ActivationMoments moments = init::activation_moments(activation);
    const double forward = init::forward_gain(activation), backward = init::backward_gain(activation);
    const double mean = std::abs(moments.mean) < 1e-12 ? 0.0 : moments.mean;
    Facts facts = {{"Moments", fmt::format("E f = {:.5g}, E f^2 = {:.5g}, E f'^2 = {:.5g} for z ~ N(0, 1)", mean,
                                           moments.second, moments.derivative_second)},
                   {"Gain", fmt::format("forward {:.6g} (he_normal, orthogonal), backward {:.6g} (mode=fan_out)",
                                        forward, backward)},
                   {"Gradient", fmt::format("its second moment times {:.4g} a layer under the forward gain",
                                            forward * forward * moments.derivative_second)}};
    entries.push_back({"activation",
                       std::string(model::activation_name(kind)),
                       {},
                       fmt::format("f(x) = {}", model::activation_formula(kind)),
                       std::move(facts),
                       {},
                       {}});
  }
  return entries;
}

std::vector<Entry> streams() {
  std::vector<Entry> entries;
  for (const random::compat::StreamInfo& row : random::compat::stream_table())
    entries.push_back({"stream",
                       std::string(row.name),
                       {},
                       std::string(row.summary),
                       {{"Equals", std::string(row.draws)}},
                       {},
                       fmt::format("--stream {}", row.name)});
  return entries;
}

std::vector<Entry> aliases() {
  std::vector<Entry> entries;
  for (const init::AliasInfo& row : init::alias_table()) {
    const std::string means = row.meaning.empty() ? "refused" : std::string(row.meaning);
    entries.push_back(
        {"alias", std::string(row.name), {}, fmt::format("{} ({})", means, row.source), {}, {}, std::string()});
  }
  return entries;
}

std::vector<Entry> models() {
  std::vector<Entry> entries;
  for (const model::BuilderInfo& row : model::builder_table()) {
    entries.push_back({"model",
                       std::string(row.name),
                       {},
                       std::string(row.summary),
                       known({{"Paper", std::string(row.paper)}}),
                       row.options,
                       fmt::format("--model {}", row.name)});
  }
  return entries;
}

std::vector<Entry> datasets() {
  std::vector<Entry> entries;
  for (const data::DatasetInfo& row : data::dataset_table()) {
    const bool is_name = row.name.find(' ') == std::string_view::npos;  // else a format: "PATH (IDX)"
    entries.push_back({"dataset",
                       std::string(row.name),
                       {},
                       std::string(row.summary),
                       known({{"Where", std::string(row.where)}}),
                       {},
                       is_name ? fmt::format("--data {}", row.name) : std::string()});
  }
  return entries;
}

std::vector<Entry> operators() {
  std::vector<Entry> entries;
  for (const model::OperatorInfo& row : model::operator_table()) {
    entries.push_back({"operator",
                       std::string(row.name),
                       {},
                       std::string(row.summary),
                       known({{"Formula", std::string(row.formula)}, {"Parameters", std::string(row.parameters)}}),
                       {},
                       {}});
  }
  return entries;
}

std::vector<Entry> of_training(std::string_view kind, std::span<const train::OptimizerInfo> table) {
  std::vector<Entry> entries;
  for (const train::OptimizerInfo& row : table) {
    entries.push_back({kind,
                       std::string(row.name),
                       {},
                       std::string(row.summary),
                       known({{"Formula", std::string(row.formula)}, {"Paper", std::string(row.paper)}}),
                       row.options,
                       fmt::format("--{} {}", kind, row.name)});
  }
  return entries;
}

std::vector<Entry> optimizers() {
  return of_training("optimizer", train::optimizer_table());
}
std::vector<Entry> schedules() {
  return of_training("schedule", train::schedule_table());
}

std::vector<Entry> commands() {
  std::vector<Entry> entries;
  for (const Command& row : command_table()) {
    entries.push_back({"command",
                       std::string(row.name),
                       {},
                       std::string(row.summary),
                       {},
                       {},
                       fmt::format("fanin {} --help", row.name)});
  }
  return entries;
}

}  // namespace

const std::vector<Registry>& registries() {
  static const std::vector<Registry> table = {
      {"schemes", "Ways to draw initial weights (--init)", schemes},
      {"presets", "Schemes that are a framework's defaults (--preset)", presets},
      {"aliases", "Names of other frameworks for schemes (--init)", aliases},
      {"streams", "Random streams of other frameworks (--stream)", streams},
      {"models", "Built-in networks (--model)", models},
      {"datasets", "Data sets by name, and formats that are recognised (--data)", datasets},
      {"operators", "What a network is made of", operators},
      {"activations", "Functions between layers, with their gains", activations},
      {"optimizers", "Update rules (--optimizer)", optimizers},
      {"schedules", "Learning rate over the steps (--schedule)", schedules},
      {"commands", "What the program does", commands},
  };
  return table;
}

std::vector<Entry> all_entries() {
  std::vector<Entry> entries;
  for (const Registry& registry : registries()) {
    if (registry.plural == "presets") continue;  // schemes too
    for (Entry& entry : registry.entries()) entries.push_back(std::move(entry));
  }
  return entries;
}

std::string option_range(const OptionInfo& option) {
  const auto bounded = [&](std::string_view kind) {
    // Limits at the type's own end are no limits for a reader.
    const bool low = option.minimum > -1e15, high = option.maximum < 1e15;
    if (low && high) return fmt::format("{} from {} to {}", kind, option.minimum, option.maximum);
    if (low) return fmt::format("{} of at least {}", kind, option.minimum);
    if (high) return fmt::format("{} of at most {}", kind, option.maximum);
    return std::string(kind);
  };
  switch (option.kind) {
    case OptionKind::number:
      return bounded("number");
    case OptionKind::integer:
      return bounded("integer");
    case OptionKind::flag:
      return "true or false";
    case OptionKind::choice: {
      std::string text = "one of ";
      for (const char c : option.choices) {
        if (c == '|') {
          text += ", ";
        } else {
          text += c;
        }
      }
      return text;
    }
    case OptionKind::text:
      break;
  }
  return "text";
}

}  // namespace fanin::cli
