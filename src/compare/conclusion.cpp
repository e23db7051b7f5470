// The conclusion's sentences. Each says no more than the statistics carry; the texts are golden in the tests.
#include "compare/conclusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compare/assemble.h"
#include "compare/phrases.h"
#include "compare/profiles.h"

namespace fanin::compare {
namespace {

constexpr double kLevel = 0.05;

std::int64_t failed(const SchemeResult& scheme) {
  return scheme.diverged + scheme.stalled;
}

bool some_trained(const SchemeResult& scheme) {
  return std::any_of(scheme.trials.begin(), scheme.trials.end(), trained);
}

// How a scheme did beside the first, over the seeds at which both trained: the difference is the first's minus its.
struct Rival {
  std::size_t index;
  std::optional<PairResult> pair;
  Interval difference;
  bool significant = false;
};

std::vector<Rival> find_rivals(const Results& results, std::size_t first) {
  std::vector<Rival> rivals;
  for (const std::size_t index : results.ranking) {
    if (index == first || !some_trained(results.schemes[index])) continue;
    Rival rival{index, std::nullopt, {}, false};
    for (const PairResult& pair : results.pairs) {
      const bool straight = pair.a == first && pair.b == index;
      if (!straight && !(pair.b == first && pair.a == index)) continue;
      rival.pair = pair;
      rival.difference = pair.difference;
      if (!straight) {
        rival.difference.mean = -pair.difference.mean;
        rival.difference.low = -pair.difference.high;
        rival.difference.high = -pair.difference.low;
      }
      rival.significant = pair.difference.n >= 2 && pair.p_holm < kLevel;
    }
    rivals.push_back(rival);
  }
  return rivals;
}

std::string accuracy_phrase(const SchemeResult& scheme) {
  const Interval& accuracy = scheme.test_accuracy;
  const std::string rate = rate_text(scheme.learning_rate);
  if (accuracy.n < 2) {
    return fmt::format("{} test accuracy ({}) at learning rate {}", percent(accuracy.mean), counted(accuracy.n, "seed"),
                       rate);
  }
  return fmt::format("{} test accuracy (95 % interval {}, {}) at learning rate {}", percent(accuracy.mean),
                     percent_range(accuracy), counted(accuracy.n, "seed"), rate);
}

std::string first_sentence(const Results& results, std::size_t first, const std::vector<Rival>& rivals) {
  const SchemeResult& scheme = results.schemes[first];
  const std::string name = scheme.scheme.text();
  const bool beats_all = std::all_of(rivals.begin(), rivals.end(),
                                     [](const Rival& rival) { return rival.significant && rival.difference.mean > 0; });
  const char* verb = results.schemes.size() == 1 ? "reaches"
                     : rivals.empty()            ? "alone trains"
                     : beats_all                 ? "wins"
                                                 : "comes first";
  return fmt::format("{} {}{} {}.", name, verb, results.schemes.size() == 1 ? "" : ":", accuracy_phrase(scheme));
}

// "0.9 points (0.4 to 1.3; p = 0.014 after Holm)", never negative.
std::string difference_numbers(const Results& results, const Rival& rival) {
  return fmt::format("{} ({}; {}{})", points(std::abs(rival.difference.mean)), points_range(rival.pair->difference),
                     p_text(rival.pair->p_holm), results.pairs.size() > 1 ? " after Holm" : "");
}

// A rival that is not simply beaten.
std::string rival_sentence(const Results& results, const Rival& rival, const std::string& first) {
  const std::string name = results.schemes[rival.index].scheme.text();
  if (!rival.pair)
    return fmt::format("{} and {} share no seed at which both trained and cannot be compared.", name, first);
  const Interval& difference = rival.difference;
  const std::string seeds = counted(difference.n, "seed");
  if (rival.significant) {
    return fmt::format("Over the {} at which both trained {} is ahead of {} by {}, but it is the less reliable one.",
                       seeds, name, first, difference_numbers(results, rival));
  }
  return fmt::format(
      "{} cannot be told apart from {}: the difference is {} ({}; {}{}); with {} a true difference below {} can easily "
      "be "
      "missed.",
      name, first, points(difference.mean), points_range(difference), p_text(rival.pair->p_holm),
      results.pairs.size() > 1 ? " after Holm" : "", seeds, points(rival.pair->smallest_detectable));
}

// First who cannot be told apart, since that limits the claim, then all that are beaten in one sentence.
void add_rivals(const Results& results, const std::vector<Rival>& rivals, const std::string& first,
                std::vector<std::string>& sentences) {
  std::vector<std::string> beaten, single;
  for (const Rival& rival : rivals) {
    const std::string name = results.schemes[rival.index].scheme.text();
    if (rival.pair && rival.difference.n < 2) {  // no interval, no test, no claim
      single.push_back(fmt::format("{} is {} {} {}", name, points(std::abs(rival.difference.mean)),
                                   rival.difference.mean < 0 ? "ahead of" : "behind", first));
    } else if (rival.significant && rival.difference.mean > 0) {
      beaten.push_back(fmt::format("{} by {}", name, difference_numbers(results, rival)));
    } else {
      sentences.push_back(rival_sentence(results, rival, first));
    }
  }
  if (!beaten.empty()) sentences.push_back(fmt::format("{} beats {}.", first, join_and(beaten)));
  if (!single.empty()) {
    sentences.push_back(
        fmt::format("{}; with one seed in common that may be luck, so that nothing can be concluded from it: "
                    "give --seeds 5 or more.",
                    join_and(single)));
  }
}

void add_unreliable(const Results& results, std::vector<std::string>& sentences) {
  for (const std::size_t index : results.ranking) {
    const SchemeResult& scheme = results.schemes[index];
    if (failed(scheme) == 0 || scheme.trains_at_no_rate) continue;
    std::vector<std::string> how;
    if (scheme.diverged > 0) how.push_back(fmt::format("{} diverged", scheme.diverged));
    if (scheme.stalled > 0) how.push_back(fmt::format("{} stalled", scheme.stalled));
    const auto trials = static_cast<std::int64_t>(scheme.trials.size());
    const std::int64_t good = trials - failed(scheme);
    const std::string rest = good == 0   ? " although it trained in tuning"
                             : good == 1 ? "; its accuracy is that of the other one"
                                         : fmt::format("; its accuracy is the mean of the other {}", good);
    sentences.push_back(fmt::format("{} failed in {} of {} ({}){}.", scheme.scheme.text(), failed(scheme),
                                    counted(trials, "final trial"), join_and(how), rest));
  }
}

std::string tried_rates(const SchemeResult& scheme) {
  if (scheme.rates.size() < 2) return fmt::format("at learning rate {}", rate_text(scheme.learning_rate));
  return fmt::format("at no learning rate from {} to {}", rate_text(scheme.rates.front().learning_rate),
                     rate_text(scheme.rates.back().learning_rate));
}

// Schemes that fail for the same reason share a sentence.
void add_hopeless(const Results& results, std::vector<std::string>& sentences) {
  struct Group {
    std::string rates, reason;
    std::vector<std::string> names;
  };
  std::vector<Group> groups;
  for (const SchemeResult& scheme : results.schemes) {
    if (!scheme.trains_at_no_rate) continue;
    const std::string rates = tried_rates(scheme), reason = explain_failure(scheme);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& other) { return other.rates == rates && other.reason == reason; });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{rates, reason, {}});
    group->names.push_back(scheme.scheme.text());
  }
  for (const Group& group : groups) {
    const bool negated = group.rates.starts_with("at no");
    const char* verb = negated ? (group.names.size() == 1 ? "trains" : "train")
                               : (group.names.size() == 1 ? "does not train" : "do not train");
    sentences.push_back(fmt::format("{} {} {}{}{}.", join_and(group.names), verb, group.rates,
                                    group.reason.empty() ? "" : ": ", group.reason));
  }
}

// What the signal does in the hidden layers of a scheme that trains: [the largest factor between two layers, the last
// hidden layer's share of the first].
struct SignalSpan {
  double factor, last_share;
};
std::optional<SignalSpan> signal_span(const SchemeResult& scheme) {
  const auto profile = median_start_profile(scheme);
  if (!profile || profile->layers.size() < 4) return std::nullopt;
  double low = profile->layers.front().activation_rms, high = low;
  const std::size_t hidden = profile->layers.size() - 1;  // the last layer makes the logits
  for (std::size_t i = 0; i < hidden; ++i) {
    low = std::min(low, profile->layers[i].activation_rms);
    high = std::max(high, profile->layers[i].activation_rms);
  }
  if (!(low > 0) || !std::isfinite(high)) return std::nullopt;
  return SignalSpan{high / low, profile->layers[hidden - 1].activation_rms / profile->layers.front().activation_rms};
}

void add_why(const Results& results, std::size_t first, const std::vector<Rival>& rivals,
             std::vector<std::string>& sentences) {
  const auto span = signal_span(results.schemes[first]);
  if (!span) return;
  std::string text =
      fmt::format("At the start the activations of {} keep their scale within a factor of {:.2g} over {}",
                  results.schemes[first].scheme.text(), span->factor,
                  counted(static_cast<std::int64_t>(results.layer_names.size()) - 1, "hidden layer"));
  for (const Rival& rival : rivals) {
    const auto other = signal_span(results.schemes[rival.index]);
    // A tenth is where a reader sees the curves part; smaller drifts explain nothing by themselves.
    if (other && other->last_share < 0.1 && span->last_share >= 0.1) {
      text += fmt::format("; those of {} fall to {:.2g} of the first layer's",
                          results.schemes[rival.index].scheme.text(), other->last_share);
    }
  }
  sentences.push_back(text + ".");
}

void add_target(const Results& results, std::vector<std::string>& sentences) {
  std::vector<std::string> reached, seldom, never;
  for (const std::size_t index : results.ranking) {
    const SchemeResult& scheme = results.schemes[index];
    if (!scheme.time_to_target) continue;
    if (scheme.time_to_target->median_steps) {
      reached.push_back(fmt::format("{} after {:.0f}", scheme.scheme.text(), *scheme.time_to_target->median_steps));
    } else {
      (scheme.time_to_target->reached > 0 ? seldom : never).push_back(scheme.scheme.text());
    }
  }
  if (reached.empty() && seldom.empty() && never.empty()) return;
  const std::string target = fmt::format("{:g} % validation accuracy", 100.0 * results.settings.target);
  if (reached.empty()) {
    sentences.push_back(seldom.empty() ? fmt::format("No trial reaches {}.", target)
                                       : fmt::format("No scheme reaches {} in more than half of its trials.", target));
    return;
  }
  std::string sentence = fmt::format("{} is reached by {} steps (medians)", target, join_and(reached));
  const auto add = [&](const std::vector<std::string>& schemes, const char* how) {
    if (schemes.empty()) return;
    sentence += fmt::format("; {} {} {}", join_and(schemes), schemes.size() == 1 ? "reaches" : "reach", how);
  };
  add(seldom, "it in at most half of the trials");
  add(never, "it in no trial");
  sentences.push_back(sentence + ".");
}

}  // namespace

std::string explain_failure(const SchemeResult& scheme) {
  const auto profile = median_start_profile(scheme);
  if (!profile || profile->layers.empty()) return "";
  const std::vector<probe::LayerProfile>& layers = profile->layers;
  const auto place = [&](std::size_t layer) {
    return fmt::format("at layer {} of {} ({})", layer + 1, layers.size(), layers[layer].name);
  };
  // Equal weights fill one bin only: a histogram's ends are its extremes, so different ones fill two.
  const bool equal_weights = std::all_of(layers.begin(), layers.end(), [](const probe::LayerProfile& layer) {
    return !layer.histogram.empty() &&
           std::count_if(layer.histogram.begin(), layer.histogram.end(), [](std::int64_t n) { return n > 0; }) == 1;
  });
  if (layers.front().activation_rms == 0) {
    return equal_weights
               ? "all weights are equal and the signal is zero from the first layer on, so that units stay identical "
                 "and learn nothing"
               : fmt::format("the signal is zero {}", place(0));
  }
  if (equal_weights) return "the units of a layer start with equal weights, get equal gradients and stay identical";
  if (scheme.activation_lost_at && *scheme.activation_lost_at < layers.size()) {
    return fmt::format("the signal falls below a thousandth of the first layer's {}",
                       place(*scheme.activation_lost_at));
  }
  for (std::size_t i = 1; i < layers.size(); ++i) {
    if (!(layers[i].activation_rms <= 1e3 * layers.front().activation_rms)) {
      return fmt::format("the signal grows beyond a thousand times the first layer's {}", place(i));
    }
  }
  if (scheme.gradient_lost_at && *scheme.gradient_lost_at < layers.size()) {
    return fmt::format("on its way back the gradient falls below a thousandth of the last layer's {}",
                       place(*scheme.gradient_lost_at));
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].dead_fraction >= 0.99) return fmt::format("all units are dead {}", place(i));
  }
  return "";
}

std::vector<std::string> write_conclusion(const Results& results) {
  std::vector<std::string> sentences;
  std::size_t done = 0;
  for (const SchemeResult& scheme : results.schemes) done += scheme.trials.size();
  const std::size_t wanted = results.schemes.size() * static_cast<std::size_t>(results.settings.seeds);
  if (done < wanted)
    sentences.push_back(fmt::format("The run is not complete: {} of {} final trials are recorded.", done, wanted));
  if (done == 0) return sentences;

  const std::size_t first = results.ranking.front();
  if (some_trained(results.schemes[first])) {
    const std::vector<Rival> rivals = find_rivals(results, first);
    const std::string name = results.schemes[first].scheme.text();
    if (2 * failed(results.schemes[first]) > static_cast<std::int64_t>(results.schemes[first].trials.size())) {
      sentences.push_back("No scheme trains reliably: each failed in more than half of its final trials.");
    }
    sentences.push_back(first_sentence(results, first, rivals));
    add_rivals(results, rivals, name, sentences);
    add_target(results, sentences);
    add_why(results, first, rivals, sentences);
  } else {
    sentences.push_back("No scheme trains this network.");
  }
  add_unreliable(results, sentences);
  add_hopeless(results, sentences);
  return sentences;
}

}  // namespace fanin::compare
