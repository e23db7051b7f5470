// The engine beside the double reference: the same network, weights and batch, and how far apart the results are.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fanin/engine/program.h"
#include "reference/network.h"
#include "reference/random_cases.h"

namespace fanin::testing {

/// A program and a reference network with the same random parameters and batch.
struct Pair {
  Pair(const model::Graph& graph, const engine::CompileOptions& options, Dice& dice);

  engine::Program program;
  reference::Network network;
  reference::Array images;                     // what both read, exactly representable in float32
  std::vector<std::int32_t> labels, partners;  // the partners are read where a pass has a mixture
};

/// Parameters of a reference network, rounded to float32, as tensors.
std::vector<NamedTensor> tensors_of(const reference::Network& network);

/// The largest difference, relative to the largest magnitude expected (at least `floor`).
double distance(const std::vector<float>& is, const reference::Array& expected, double floor = 1e-3);

/// Fails (with names) where a training pass differs: loss, parameters' gradients, running statistics and, of an unfused
/// program, values and their gradients.
void expect_same_training(Pair& pair, const reference::TrainingPass& pass, double tolerance, bool values);
void expect_same_evaluation(Pair& pair, double tolerance);

}  // namespace fanin::testing
