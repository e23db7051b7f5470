// The conclusion's sentences. Each says no more than the statistics carry; the texts are golden in the tests.
#include "compare/conclusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

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

/// "a true difference below 3.5 points can easily be missed"; past the whole scale a number would say nothing.
std::string missed(const char* what, double detectable) {
  if (!(detectable < 1)) return fmt::format("{} of any size can be missed", what);
  return fmt::format("{} below {} can easily be missed", what, points(detectable));
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
  return fmt::format("{} cannot be told apart from {}: the difference is {} ({}; {}{}); with {} {}.", name, first,
                     points(difference.mean), points_range(difference), p_text(rival.pair->p_holm),
                     results.pairs.size() > 1 ? " after Holm" : "", seeds,
                     missed("a true difference", rival.pair->smallest_detectable));
}

// A sentence for each of these while they are few; then names share one, and the table has the numbers.
constexpr std::size_t few = 4;

// "a, b and c cannot be told apart from first: ...", for more rivals than anyone reads sentences about.
std::string many_alike(const Results& results, const std::vector<Rival>& rivals, const std::string& first) {
  std::vector<std::string> names;
  double largest = 0, detectable = 0;
  for (const Rival& rival : rivals) {
    names.push_back(results.schemes[rival.index].scheme.text());
    largest = std::max(largest, std::abs(rival.difference.mean));
    detectable = std::max(detectable, rival.pair->smallest_detectable);
  }
  return fmt::format("{} cannot be told apart from {}: the differences are {} at most, and {}.", join_and(names), first,
                     points(largest), missed("true ones", detectable));
}

// "first beats a, b and c by 3.1 to 20.2 points (each p below 0.05 after Holm)."
std::string many_beaten(const Results& results, const std::vector<Rival>& rivals, const std::string& first) {
  std::vector<std::string> names;
  double smallest = rivals.front().difference.mean, largest = smallest, p = 0;
  for (const Rival& rival : rivals) {
    names.push_back(results.schemes[rival.index].scheme.text());
    smallest = std::min(smallest, rival.difference.mean);
    largest = std::max(largest, rival.difference.mean);
    p = std::max(p, rival.pair->p_holm);
  }
  const std::string least = points(smallest), most = points(largest);
  return fmt::format("{} beats {} by {} ({} after Holm at most).", first, join_and(names),
                     least == most ? most : least + " to " + most, p_text(p));
}

// First who cannot be told apart, since that limits the claim, then all that are beaten in one sentence.
void add_rivals(const Results& results, const std::vector<Rival>& rivals, const std::string& first,
                std::vector<std::string>& sentences) {
  std::vector<Rival> alike, beaten;
  std::vector<std::string> single;
  for (const Rival& rival : rivals) {
    const std::string name = results.schemes[rival.index].scheme.text();
    if (rival.pair && rival.difference.n < 2) {  // no interval, no test, no claim
      single.push_back(fmt::format("{} is {} {} {}", name, points(std::abs(rival.difference.mean)),
                                   rival.difference.mean < 0 ? "ahead of" : "behind", first));
    } else if (rival.significant && rival.difference.mean > 0) {
      beaten.push_back(rival);
    } else if (rival.pair && !rival.significant) {
      alike.push_back(rival);
    } else {
      sentences.push_back(rival_sentence(results, rival, first));
    }
  }
  if (alike.size() > few) {
    sentences.push_back(many_alike(results, alike, first));
  } else {
    for (const Rival& rival : alike) sentences.push_back(rival_sentence(results, rival, first));
  }
  if (beaten.size() > few) {
    sentences.push_back(many_beaten(results, beaten, first));
  } else if (!beaten.empty()) {
    std::vector<std::string> with_numbers;
    for (const Rival& rival : beaten)
      with_numbers.push_back(
          fmt::format("{} by {}", results.schemes[rival.index].scheme.text(), difference_numbers(results, rival)));
    sentences.push_back(fmt::format("{} beats {}.", first, join_and(with_numbers)));
  }
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

// Why a scheme does not train, and where, as "at layer 7 of 21 (conv7)"; texts are empty where the profiles show
// nothing.
struct Failure {
  std::string what, where;
  std::string text() const { return where.empty() ? what : what + " " + where; }
};
Failure find_failure(const SchemeResult& scheme);

// Schemes that fail at the same rates in the same way, wherever.
struct FailureGroup {
  std::string rates, what;
  std::vector<std::pair<std::string, std::vector<std::string>>> by_place;  // where, and the schemes
};

/// What keeps a scheme from training; nothing where one that trains shows the same, which then is no reason.
Failure reason_of(const Results& results, const SchemeResult& scheme) {
  const Failure failure = find_failure(scheme);
  const bool contradicted = std::ranges::any_of(results.schemes, [&](const SchemeResult& other) {
    return some_trained(other) && find_failure(other).text() == failure.text();
  });
  return contradicted ? Failure{} : failure;
}

std::vector<FailureGroup> group_failures(const Results& results) {
  std::vector<FailureGroup> groups;
  for (const SchemeResult& scheme : results.schemes) {
    if (!scheme.trains_at_no_rate) continue;
    const std::string rates = tried_rates(scheme);
    const auto [what, where] = reason_of(results, scheme);
    // By name: Clang before 16 lets no lambda capture a structured binding by itself.
    auto group = std::ranges::find_if(
        groups, [&, &cause = what](const FailureGroup& other) { return other.rates == rates && other.what == cause; });
    if (group == groups.end()) group = groups.insert(groups.end(), {rates, what, {}});
    auto place = std::ranges::find(group->by_place, where, [](const auto& entry) { return entry.first; });
    if (place == group->by_place.end()) place = group->by_place.insert(place, {where, {}});
    place->second.push_back(scheme.scheme.text());
  }
  return groups;
}

std::string hopeless_sentence(const std::string& rates, const std::string& reason,
                              const std::vector<std::string>& names) {
  const bool negated = rates.starts_with("at no"), one = names.size() == 1;
  const char* verb = negated ? (one ? "trains" : "train") : (one ? "does not train" : "do not train");
  return fmt::format("{} {} {}{}{}.", join_and(names), verb, rates, reason.empty() ? "" : ": ", reason);
}

// Schemes that fail for the same reason at the same place share a sentence; where there would be too many, those that
// fail for the same reason do.
void add_hopeless(const Results& results, std::vector<std::string>& sentences) {
  const std::vector<FailureGroup> groups = group_failures(results);
  std::size_t places = 0;
  for (const FailureGroup& group : groups) places += group.by_place.size();
  for (const FailureGroup& group : groups) {
    if (places > few && group.by_place.size() > 1) {
      std::vector<std::string> parts;
      for (const auto& [where, names] : group.by_place) parts.push_back(fmt::format("{} {}", join_and(names), where));
      sentences.push_back(fmt::format("{} {}, because {}: {}.",
                                      group.rates.starts_with("at no") ? "Train" : "Do not train", group.rates,
                                      group.what, fmt::join(parts, "; ")));
      continue;
    }
    for (const auto& [where, names] : group.by_place)
      sentences.push_back(hopeless_sentence(group.rates, Failure{group.what, where}.text(), names));
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
  std::vector<std::pair<std::string, double>> faded;
  for (const Rival& rival : rivals) {
    const auto other = signal_span(results.schemes[rival.index]);
    // A tenth is where a reader sees the curves part; smaller drifts explain nothing by themselves.
    if (other && other->last_share < 0.1 && span->last_share >= 0.1)
      faded.emplace_back(results.schemes[rival.index].scheme.text(), other->last_share);
  }
  if (faded.size() > few) {
    std::vector<std::string> names;
    for (const auto& [name, share] : faded) names.push_back(name);
    text += fmt::format("; those of {} fall below a tenth of the first layer's", join_and(names));
  } else {
    for (const auto& [name, share] : faded)
      text += fmt::format("; those of {} fall to {:.2g} of the first layer's", name, share);
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
  std::int64_t others = 0;
  if (reached.size() > 2 * few) {  // in the order of the ranking; the table has them all
    others = static_cast<std::int64_t>(reached.size() - few);
    reached.resize(few);
  }
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
  if (others > 0) sentence += fmt::format("; {} reach it too", counted(others, "other"));
  add(seldom, "it in at most half of the trials");
  add(never, "it in no trial");
  sentences.push_back(sentence + ".");
}

Failure find_failure(const SchemeResult& scheme) {
  const auto profile = median_start_profile(scheme);
  if (!profile || profile->layers.empty()) return {};
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
    if (!equal_weights) return {"the signal is zero", place(0)};
    return {
        "all weights are equal and the signal is zero from the first layer on, so that units stay identical and "
        "learn nothing",
        ""};
  }
  if (equal_weights)
    return {"the units of a layer start with equal weights, get equal gradients and stay identical", ""};
  if (scheme.activation_lost_at && *scheme.activation_lost_at < layers.size())
    return {"the signal falls below a thousandth of the first layer's", place(*scheme.activation_lost_at)};
  for (std::size_t i = 1; i < layers.size(); ++i) {
    if (!(layers[i].activation_rms <= 1e3 * layers.front().activation_rms))
      return {"the signal grows beyond a thousand times the first layer's", place(i)};
  }
  if (scheme.gradient_lost_at && *scheme.gradient_lost_at < layers.size())
    return {"on its way back the gradient falls below a thousandth of the last layer's",
            place(*scheme.gradient_lost_at)};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].dead_fraction >= 0.99) return {"all units are dead", place(i)};
  }
  return {};
}

}  // namespace

std::string explain_failure(const SchemeResult& scheme) {
  return find_failure(scheme).text();
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
