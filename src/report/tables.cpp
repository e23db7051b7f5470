// The page's tables: schemes, and pairs of schemes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/escape.h"
#include "report/numbers.h"
#include "report/parts.h"

namespace fanin::report {
namespace {

using compare::PairResult;
using compare::Results;
using compare::SchemeResult;

std::string with_range(const std::string& value, const std::string& range) {
  return range.empty() ? value : value + "<br><span class=\"quiet\">" + escape_html(range) + "</span>";
}

std::string accuracy_cell(const SchemeResult& scheme) {
  if (scheme.test_accuracy.n == 0) return "none";
  return with_range(percent(scheme.test_accuracy.mean, 2), percent_range(scheme.test_accuracy, 2));
}

std::string rate_cell(const SchemeResult& scheme) {
  if (scheme.trains_at_no_rate) return "trains at none";
  if (!(scheme.learning_rate > 0)) return "none";
  return short_number(scheme.learning_rate) +
         (scheme.rate_at_end_of_grid ? "<br><span class=\"quiet\">end of grid</span>" : "");
}

std::string seeds_cell(const SchemeResult& scheme) {
  const auto count = static_cast<std::int64_t>(scheme.trials.size());
  std::string text =
      fmt::format("{} of {}", std::max<std::int64_t>(0, count - scheme.diverged - scheme.stalled), count);
  std::string failed;
  if (scheme.diverged > 0) failed = fmt::format("{} diverged", scheme.diverged);
  if (scheme.stalled > 0) failed += fmt::format("{}{} stalled", failed.empty() ? "" : ", ", scheme.stalled);
  return with_range(text, failed);
}

std::string target_cell(const SchemeResult& scheme) {
  if (!scheme.time_to_target) return "";
  const auto& time = *scheme.time_to_target;
  const std::string reached = fmt::format("{} of {} reached it", time.reached, time.reached + time.censored);
  return with_range(time.median_steps ? grouped(std::llround(*time.median_steps)) : "not reached", reached);
}

std::string lost_cell(const Results& results, const std::optional<std::size_t>& layer) {
  if (!layer) return "nowhere";
  std::string text = fmt::format("layer {}", *layer + 1);
  return *layer < results.layer_names.size() ? with_range(text, results.layer_names[*layer]) : text;
}

bool has_profiles(const Results& results) {
  for (const auto& scheme : results.schemes)
    for (const auto& trial : scheme.trials)
      if (trial.profile_start) return true;
  return false;
}

std::string points(double difference) {  // percentage points with a sign
  return std::isfinite(difference) ? fmt::format("{:+.2f}", 100 * difference) : "\xe2\x80\x93";
}

std::string p_text(double p) {
  if (!std::isfinite(p)) return "\xe2\x80\x93";
  return p < 0.001 ? "&lt; 0.001" : fmt::format("{:.3f}", p);
}

}  // namespace

std::string scheme_table(const Results& results) {
  bool target = false;
  for (const auto& scheme : results.schemes) target = target || scheme.time_to_target.has_value();
  const bool profiles = has_profiles(results);

  std::string html =
      "<div class=\"scroll\" role=\"region\" aria-label=\"Schemes\" tabindex=\"0\"><table>\n<thead><tr><th "
      "class=\"text\">scheme</th>"
      "<th>test accuracy<br>95 % interval</th><th>learning<br>rate</th><th>seeds that<br>trained</th>"
      "<th>final<br>training loss</th>";
  if (target) html += fmt::format("<th>median steps<br>to {}</th>", percent(results.settings.target));
  if (profiles) html += "<th>signal lost<br>at start</th><th>gradient lost<br>at start</th>";
  html += "</tr></thead>\n<tbody>\n";

  std::vector<std::size_t> order = results.ranking;
  for (std::size_t s = 0; s < results.schemes.size(); ++s)
    if (std::find(order.begin(), order.end(), s) == order.end()) order.push_back(s);
  for (const std::size_t s : order) {
    if (s >= results.schemes.size()) continue;
    const SchemeResult& scheme = results.schemes[s];
    html += "<tr><th scope=\"row\" class=\"text name\">" + series_key(results, s) + " " +
            breakable_html(series_name(results, s)) + "</th>";
    html +=
        "<td>" + accuracy_cell(scheme) + "</td><td>" + rate_cell(scheme) + "</td><td>" + seeds_cell(scheme) + "</td>";
    html += "<td>" + (scheme.final_train_loss.n > 0 ? short_number(scheme.final_train_loss.mean) : "none") + "</td>";
    if (target) html += "<td>" + target_cell(scheme) + "</td>";
    if (profiles)
      html += "<td>" + lost_cell(results, scheme.activation_lost_at) + "</td><td>" +
              lost_cell(results, scheme.gradient_lost_at) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

namespace {

std::string pair_row(const Results& results, const PairResult& pair) {
  const auto& difference = pair.difference;
  std::string range;
  if (std::isfinite(difference.low) && std::isfinite(difference.high))
    range = points(difference.low) + " to " + points(difference.high);
  return "<tr><td class=\"text name\">" + breakable_html(series_name(results, pair.a)) +
         "</td><td class=\"text name\">" + breakable_html(series_name(results, pair.b)) + "</td><td>" +
         with_range(points(difference.mean), range) + "</td><td>" + p_text(pair.p_value) + "</td><td>" +
         p_text(pair.p_holm) + "</td><td>" + percent(pair.probability_of_improvement, 0) + "</td><td>" +
         (std::isfinite(pair.smallest_detectable) ? fmt::format("{:.2f}", 100 * pair.smallest_detectable)
                                                  : std::string("\xe2\x80\x93")) +
         "</td></tr>\n";
}

std::string pairs_html(const std::string& rows) {
  return "<div class=\"scroll\" role=\"region\" aria-label=\"Differences\" tabindex=\"0\"><table>\n<thead><tr><th "
         "class=\"text\">better by mean</th>"
         "<th class=\"text\">than</th><th>difference (points)<br>95 % interval</th><th>p</th><th>p, Holm</th>"
         "<th>probability of<br>improvement</th><th>smallest<br>detectable</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

}  // namespace

std::string pair_table(const Results& results) {
  if (results.pairs.empty())
    return "<p>No differences can be judged: that takes two schemes that train and two seeds that both finished.</p>\n";
  constexpr std::size_t most_pairs = 66;  // of twelve schemes; of more, those with the first scheme stand alone
  const bool many = results.pairs.size() > most_pairs && !results.ranking.empty();
  std::string main_rows, other_rows;
  std::size_t others = 0;
  for (const PairResult& pair : results.pairs) {
    if (pair.a >= results.schemes.size() || pair.b >= results.schemes.size()) continue;
    if (many && pair.a != results.ranking.front() && pair.b != results.ranking.front()) {
      ++others;
      other_rows += pair_row(results, pair);
    } else {
      main_rows += pair_row(results, pair);
    }
  }
  std::string html = pairs_html(main_rows);
  if (others > 0)
    html +=
        fmt::format("<details><summary>The other {} pairs</summary>\n{}</details>\n", others, pairs_html(other_rows));
  return html +
         "<p class=\"lead\">Paired over the seeds that both schemes finished (Student t); p corrected "
         "for the number of pairs (Holm). The last column is the difference that this many seeds would have found with "
         "80 % probability: a true difference below it may well go unseen.</p>\n";
}

}  // namespace fanin::report
