// Charts as data: a figure is a caption over one or several panels, each a Vega specification of its own.
//
// Series are numbered by the order in which the schemes were given; number, colour and dash belong together on the
// whole page. Names appear in specifications only as values of data, never in expressions, field names or titles.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::report {

struct Panel {
  std::string label;    // shown above; "" for none
  nlohmann::json spec;  // Vega; the page sets its width
};

struct Figure {
  std::string title;
  std::string caption;        // how to read it, in one or two sentences
  std::vector<Panel> panels;  // empty: nothing to draw, and the caption says why
  bool legend = true;         // with the key of the schemes
};

/// Training loss and validation accuracy against the step: mean and range over the seeds that did not diverge.
Figure curves_figure(const compare::Results& results);
/// Test accuracy: each seed, mean and interval, best scheme first; magnified where a failed scheme flattens the rest.
Figure accuracy_figure(const compare::Results& results);
/// Validation loss against the learning rate.
Figure sensitivity_figure(const compare::Results& results);
/// Activation rms, gradient rms and dead units against depth, at start and end.
std::vector<Figure> depth_figures(const compare::Results& results);
/// Weights of the first, a middle and the last layer before training.
Figure histogram_figure(const compare::Results& results);

/// All of them, in the page's order: outcome first, then why.
struct Figures {
  std::vector<Figure> outcome;  // curves, accuracy, sensitivity
  std::vector<Figure> why;      // depth profiles, histograms
};
Figures make_figures(const compare::Results& results);

/// The name shown for scheme i: its spec as the user would write it.
std::string series_name(const compare::Results& results, std::size_t series);
/// Up to twelve schemes each have a look of their own. Of more only the first eight of the ranking do: the others are
/// in the background, thin and grey, since nobody tells thirty lines apart.
bool in_background(const compare::Results& results, std::size_t series);
/// All series, those in the background first, so that the others are drawn over them.
std::vector<std::size_t> drawing_order(const compare::Results& results);
/// CSS colour and SVG dash of series i: eight colours that colour-blind readers tell apart, then again with other
/// dashes.
std::string series_color(const compare::Results& results, std::size_t series);
std::vector<int> series_dash(const compare::Results& results, std::size_t series);

}  // namespace fanin::report
