// Settings, rates, layers, and what is needed to run it again.
#include <fmt/format.h>

#include "report/escape.h"
#include "report/numbers.h"
#include "report/parts.h"

namespace fanin::report {
namespace {

using compare::Results;

std::string entry(std::string_view term, const std::string& value) {
  return "<dt>" + escape_html(term) + "</dt><dd>" + escape_html(value.empty() ? "unknown" : value) + "</dd>\n";
}

std::string size_or(std::int64_t value, const char* otherwise) {
  return value > 0 ? grouped(value) : otherwise;
}

std::string numbers_text(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) text += (text.empty() ? "" : ", ") + short_number(value, 4);
  return text.empty() ? "unknown" : text;
}

// "0 to 4" where they follow each other, else a list.
std::string seeds_text(const std::vector<std::uint64_t>& seeds) {
  if (seeds.empty()) return "none yet";
  bool consecutive = seeds.size() > 2;
  for (std::size_t i = 1; i < seeds.size(); ++i) consecutive = consecutive && seeds[i] == seeds[i - 1] + 1;
  if (consecutive) return fmt::format("{} to {}", seeds.front(), seeds.back());
  std::string text;
  for (const std::uint64_t seed : seeds) text += (text.empty() ? "" : ", ") + std::to_string(seed);
  return text;
}

std::string settings_list(const Results& results) {
  const auto& settings = results.settings;
  std::string html = "<dl>\n";
  html += entry("model", settings.model.text() + fmt::format(", {} parameters", grouped(results.parameter_count)));
  html += entry("optimizer", settings.optimizer.text());
  html += entry("schedule", settings.schedule.text());
  html += entry("steps of a trial", grouped(settings.steps));
  html += entry("batch size", grouped(settings.batch));
  html += entry("learning rates",
                fmt::format("{} from {} to {}, evenly on a log scale; may grow by {} a side", settings.lr_points,
                            short_number(settings.lr_low), short_number(settings.lr_high), settings.lr_grow));
  html +=
      entry("seeds", fmt::format("{} for results, {} of their own for tuning", settings.seeds, settings.tune_seeds));
  html += entry("training images", size_or(settings.train_size, "all that validation leaves"));
  html += entry("augmentation", data::to_string(settings.augmentation));
  html += entry("gradient clipping", settings.clip_norm > 0 ? "to norm " + short_number(settings.clip_norm) : "none");
  html += entry("label smoothing", settings.label_smoothing > 0 ? short_number(settings.label_smoothing) : "none");
  if (settings.mixup > 0)
    html += entry("mixup", fmt::format("of pairs, shares from Beta({0}, {0})", short_number(settings.mixup)));
  if (settings.patience > 0)
    html += entry("early stopping", fmt::format("after {} points without a lower validation loss", settings.patience));
  if (settings.target > 0) html += entry("target", percent(settings.target) + " validation accuracy");
  return html + "</dl>\n";
}

std::string rates_table(const Results& results) {
  std::string html =
      "<div class=\"scroll\" role=\"region\" aria-label=\"Learning rates\" tabindex=\"0\"><table>\n<thead><tr><th "
      "class=\"text\">scheme</th><th>rate</th>"
      "<th>steps</th><th>validation loss</th><th>validation accuracy</th><th "
      "class=\"text\">outcome</th></tr></thead>\n<tbody>\n";
  for (std::size_t s = 0; s < results.schemes.size(); ++s)
    for (const auto& rate : results.schemes[s].rates) {
      const char* outcome = rate.diverged ? "diverged" : rate.stalled ? "stalled" : rate.chosen ? "chosen" : "";
      html += "<tr><td class=\"text name\">" + breakable_html(series_name(results, s)) + "</td>";
      html += fmt::format("<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}{}</td></tr>\n",
                          short_number(rate.learning_rate), grouped(rate.steps), short_number(rate.score, 4),
                          rate.diverged ? "\xe2\x80\x93" : percent(rate.validation_accuracy), outcome,
                          rate.chosen && (rate.diverged || rate.stalled) ? ", chosen" : "");
    }
  return html + "</tbody></table></div>\n";
}

}  // namespace

std::string details_html(const Results& results) {
  std::string html = settings_list(results);
  html += "<details><summary>All learning rates tried</summary>\n" + rates_table(results) + "</details>\n";
  if (!results.layer_names.empty()) {
    html += "<details><summary>Names of the layers in the depth profiles</summary>\n<ol>\n";
    for (const auto& name : results.layer_names) html += "<li>" + escape_html(name) + "</li>\n";
    html += "</ol></details>\n";
  }
  return html;
}

std::string reproduce_html(const Results& results, const MachineInfo& machine) {
  std::string html;
  if (!results.command.empty())
    html += "<pre><code>" + escape_html(results.command) + "</code></pre>\n";
  else
    html += "<p>The run did not record its command line.</p>\n";
  html += "<dl>\n";
  html += entry("Fanin", results.version);
  html += entry("libraries", results.library_versions);
  html += entry("instruction set", results.instruction_set);
  html += entry("processor", machine.processor);
  html += entry("system", machine.system);
  if (machine.threads > 0) html += entry("hardware threads", std::to_string(machine.threads));
  html += entry("seeds", results.schemes.empty() ? "none" : seeds_text(results.schemes.front().seeds));
  html += entry("data", results.dataset_name + " from " + results.dataset_source);
  html += entry("images", fmt::format("{} for training, {} for validation, {} for the test, {} classes",
                                      grouped(results.train_images), grouped(results.validation_images),
                                      grouped(results.test_images), results.classes));
  html += entry("normalization", "mean " + numbers_text(results.normalization_mean) + "; standard deviation " +
                                     numbers_text(results.normalization_std) + " (pixels in [0, 1], by channel)");
  return html +
         "</dl>\n<p class=\"lead\">With the same build, instruction set and data, the command gives the same numbers "
         "bit for "
         "bit, whatever runs beside it.</p>\n";
}

}  // namespace fanin::report
