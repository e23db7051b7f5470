// Results as a comparison of a 20-layer plain network gives them, made up without training, for the report's tests.
#pragma once
#include "fanin/compare/results.h"
#include "fanin/report/report.h"

namespace fanin::report {

/// he_normal and orthogonal train, xavier_uniform slowly, normal:std=0.01 and zeros not at all; 3 seeds, one of
/// xavier_uniform's diverges.
compare::Results plain_network_results();

/// The same schemes times `copies`, renamed, for pages with many series.
compare::Results many_schemes_results(std::size_t copies);

MachineInfo a_machine();

inline constexpr const char* hostile_name =
    "he </script><script>document.title=\"x\"</script><!--<script>\xe2\x80\xa8 & 'quoted' \"double\" <img src=x "
    "onerror=alert(1)>";

/// Hostile text wherever a user's text can stand.
compare::Results hostile_results();

}  // namespace fanin::report
