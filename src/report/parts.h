// Parts of the page, each a piece of HTML in which all user text is escaped.
#pragma once
#include <string>

#include "fanin/report/report.h"
#include "report/figures/figure.h"

namespace fanin::report {

/// A small drawing of a series' line, to stand before its name.
std::string series_key(const compare::Results& results, std::size_t series);
/// The key of all series that have a look of their own, and of the others together.
std::string legend(const compare::Results& results);
/// Caption, key, panels; each panel's specification stands in it as JSON.
std::string figure_html(const Figure& figure, const compare::Results& results);

/// One row a scheme, best first.
std::string scheme_table(const compare::Results& results);
/// One row a pair of schemes, or a sentence that says why there is none.
std::string pair_table(const compare::Results& results);
/// Settings of the run, rates tried, layers.
std::string details_html(const compare::Results& results);
/// Command, versions, machine, seeds, data.
std::string reproduce_html(const compare::Results& results, const MachineInfo& machine);

}  // namespace fanin::report
