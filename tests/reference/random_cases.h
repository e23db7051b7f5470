// Random numbers, inputs and one-operator networks for the reference's tests.
#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "fanin/model/graph.h"
#include "reference/network.h"

namespace fanin::testing {

/// Deterministic on every standard library: no std distribution is used.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : bits_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(bits_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool coin() { return between(0, 1) == 1; }
  double uniform(double low, double high) { return low + (high - low) * static_cast<double>(bits_() >> 11) * 0x1p-53; }

 private:
  std::mt19937_64 bits_;
};

inline reference::Array random_array(std::size_t size, Dice& dice) {
  reference::Array array(size);
  for (double& x : array) x = dice.uniform(-1, 1);
  return array;
}

/// A random permutation of equally spaced numbers from -2 to 2, none of them 0: no two elements are closer than their
/// spacing and none is near a kink of an activation, so central differences are right for ReLU and max-pooling too.
inline reference::Array spaced_array(std::size_t size, Dice& dice) {
  reference::Array array(size);
  for (std::size_t i = 0; i < size; ++i) {
    array[i] = (static_cast<double>(i) + 0.37) * 4 / static_cast<double>(size) - 2;
    std::swap(array[i], array[static_cast<std::size_t>(dice.between(0, static_cast<std::int64_t>(i)))]);
  }
  return array;
}

/// A network of one operator with random numbers on a random small input; alternative `index` of model::Operator.
/// Throws std::logic_error for an alternative that has no case here.
model::Graph random_operator_graph(std::size_t index, Dice& dice);

/// Fills all parameters with random numbers; variances stay positive.
void randomize_parameters(reference::Network& network, Dice& dice);

}  // namespace fanin::testing
