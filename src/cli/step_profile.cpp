// See the header.
#include "cli/step_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/text.h"
#include "fanin/engine/peak.h"

namespace fanin::cli {

std::string step_profile_text(const train::TrialTiming& timing, std::int64_t batch) {
  if (timing.steps == 0) return "No step was trained, so there is no profile.\n";
  const double peak = engine::measure_fma_peak(), bandwidth = engine::measure_memory_bandwidth();
  const auto steps = static_cast<double>(timing.steps);
  double total = timing.batch_seconds + timing.optimizer_seconds, flops = 0;
  for (const engine::StepTiming& step : timing.passes) {
    total += step.seconds;
    flops += step.flops;
  }
  std::vector<std::vector<std::string>> rows = {
      {"phase", "nodes", "step", "us", "%", "best us", "MFLOP", "% of peak", "MB", "% of bandwidth", "by"}};
  const auto add = [&](std::string phase, std::string nodes, std::string what, double seconds, double best,
                       double its_flops, double bytes, std::string by) {
    const double each = seconds / steps;
    const auto share = [&](double amount, double limit) {
      return amount > 0 && best > 0 ? fmt::format("{:.0f}", 100 * amount / best / limit) : "";
    };
    const auto millions = [](double amount) { return amount > 0 ? fmt::format("{:.2f}", amount / 1e6) : ""; };
    rows.push_back({std::move(phase), std::move(nodes), std::move(what), fmt::format("{:.1f}", 1e6 * each),
                    fmt::format("{:.1f}", 100 * seconds / total), best > 0 ? fmt::format("{:.1f}", 1e6 * best) : "",
                    millions(its_flops), share(its_flops, peak), millions(bytes), share(bytes, bandwidth),
                    std::move(by)});
  };
  add("data", "", "batch", timing.batch_seconds, 0, 0, 0, "own");
  for (const engine::StepTiming& step : timing.passes) {
    add(step.phase, step.nodes, step.what, step.seconds, step.best_seconds, step.flops, step.bytes,
        step.implementation);
  }
  add("update", "", "optimizer", timing.optimizer_seconds, 0, 0, 0, "own");
  const double each = total / steps;
  return table(rows, 0) +
         fmt::format(
             "\n{} steps of {} images: {:.1f} us each, {:.0f} images/s; {:.1f} GFLOP/s in all, {:.0f} % of the peak.\n"
             "us is the mean, best us the fastest run, from which the shares follow. Measured on this core: peak "
             "{:.1f} GFLOP/s (fused multiply-adds), memory {:.1f} GB/s (reading). A share "
             "of "
             "the bandwidth above 100 % means that the bytes came from caches.\n",
             timing.steps, batch, 1e6 * each, static_cast<double>(batch) / each, flops / each / 1e9,
             100 * flops / each / peak, peak / 1e9, bandwidth / 1e9);
}

std::string step_trace_json(const train::TrialTiming& timing) {
  nlohmann::ordered_json events = nlohmann::ordered_json::array();
  double end = 0;
  const auto add = [&](const std::string& name, const std::string& category, double start, double seconds,
                       nlohmann::ordered_json facts) {
    events.push_back({{"name", name},
                      {"cat", category},
                      {"ph", "X"},
                      {"ts", 1e6 * start},
                      {"dur", 1e6 * seconds},
                      {"pid", 1},
                      {"tid", 1},
                      {"args", std::move(facts)}});
    end = std::max(end, start + seconds);
  };
  add("batch", "data", 0, timing.last_batch, nlohmann::ordered_json::object());
  const double begin = end;
  for (const engine::StepTiming& step : timing.passes) {
    add(step.nodes.empty() ? step.what : step.nodes + ": " + step.what, step.phase, begin + step.last_start,
        step.last_seconds, {{"implementation", step.implementation}, {"flops", step.flops}, {"bytes", step.bytes}});
  }
  add("optimizer", "update", end, timing.last_optimizer, nlohmann::ordered_json::object());
  return nlohmann::ordered_json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump(1) + "\n";
}

}  // namespace fanin::cli
