// Where a step's time goes: what a program measures of its own steps when asked to.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fanin::engine {

/// One primitive or kernel of the training pass.
struct StepTiming {
  std::string phase;           // "forward", "loss", "backward"
  std::string nodes;           // "conv1+act1": the nodes that it computes
  std::string what;            // "convolution", "gradient of the weights"
  std::string implementation;  // oneDNN's name, or "own"
  std::int64_t runs = 0;
  double seconds = 0;       // over all runs
  double best_seconds = 0;  // the fastest run: other processes had no part in it
  double last_start = 0;    // of the last run, seconds since its pass began
  double last_seconds = 0;
  double flops = 0;  // a run, those of convolutions and matrix products; 0 elsewhere
  double bytes = 0;  // a run: what it reads and writes, each once, scratch left out
};

}  // namespace fanin::engine
