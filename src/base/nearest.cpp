// Damerau-Levenshtein distance (adjacent transpositions) and the messages made of it.
#include "fanin/base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace fanin {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows: transpositions look two rows back.
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = 0;
  if (name.size() > 100) return best;  // no name is that long; the distance is quadratic
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    const std::size_t allowed = std::max<std::size_t>(2, std::max(name.size(), candidate.size()) / 3);
    if (distance <= allowed && distance < std::max(name.size(), candidate.size()) &&
        (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string unknown_name_message(std::string_view kind, std::string_view name,
                                 const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(name, candidates);
  const std::string suggestion = nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
  constexpr std::size_t most = 24;  // names in a sentence
  const std::size_t shown = candidates.size() > most ? most / 2 : candidates.size();
  const std::string others = shown < candidates.size() ? fmt::format(" and {} more", candidates.size() - shown) : "";
  return fmt::format("unknown {} '{}'{} (known: {}{})", kind, name.substr(0, 100), suggestion,
                     fmt::join(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                     others);
}

}  // namespace fanin
