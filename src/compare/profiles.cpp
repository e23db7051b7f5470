// A median and not a mean, so that one exploding seed does not stand for all.
#include "compare/profiles.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fanin::compare {
namespace {

// Non-finite values rank above all others: a layer counts as overflowed when half of the seeds overflow there.
double median(std::vector<double> values) {
  for (double& value : values) {
    if (std::isnan(value)) value = std::numeric_limits<double>::infinity();
  }
  std::sort(values.begin(), values.end());
  return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
}

}  // namespace

std::optional<probe::Profile> median_start_profile(const SchemeResult& scheme) {
  std::vector<const probe::Profile*> profiles;
  for (const train::TrialResult& trial : scheme.trials) {
    if (trial.profile_start &&
        (profiles.empty() || trial.profile_start->layers.size() == profiles.front()->layers.size())) {
      profiles.push_back(&*trial.profile_start);
    }
  }
  if (profiles.empty()) return std::nullopt;
  probe::Profile result = *profiles.front();
  for (std::size_t layer = 0; layer < result.layers.size(); ++layer) {
    for (double probe::LayerProfile::*member :
         {&probe::LayerProfile::preactivation_rms, &probe::LayerProfile::activation_rms,
          &probe::LayerProfile::gradient_rms, &probe::LayerProfile::weight_gradient_rms,
          &probe::LayerProfile::dead_fraction, &probe::LayerProfile::weight_rms}) {
      std::vector<double> values;
      for (const probe::Profile* profile : profiles) values.push_back(profile->layers[layer].*member);
      result.layers[layer].*member = median(std::move(values));
    }
  }
  std::vector<double> losses;
  std::size_t finite = 0;
  for (const probe::Profile* profile : profiles) {
    losses.push_back(profile->loss);
    finite += profile->finite ? 1 : 0;
  }
  result.loss = median(std::move(losses));
  result.finite = 2 * finite > profiles.size();
  return result;
}

}  // namespace fanin::compare
