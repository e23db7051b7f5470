// What schemes do besides filling: learning rates and changes of the network. src/init/effects.cpp has their table.
#pragma once
#include "fanin/init/effects.h"
#include "init/fill.h"

namespace fanin::init::schemes {

double fixup_rates(const WeightContext& context, const Options& options, UpdateRule rule);
double mup_rates(const WeightContext& context, const Options& options, UpdateRule rule);
model::Graph tat_prepare(const model::Graph& graph, const Options& options);

}  // namespace fanin::init::schemes
