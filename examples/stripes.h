// Data for the examples, made in memory: noisy images of stripes in four directions.
#pragma once
#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include "fanin/data/dataset.h"

inline fanin::data::Images stripes(std::int64_t count, unsigned seed) {
  constexpr std::int64_t side = 16;
  constexpr double quarter = 0.785398163397448;  // of a half turn
  std::mt19937 random(seed);
  fanin::data::Images images{count, 1, side, side, {}, {}};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(i % 4);
    const double angle = label * quarter, phase = static_cast<double>(random() % 628) / 100;
    for (std::int64_t y = 0; y < side; ++y) {
      for (std::int64_t x = 0; x < side; ++x) {
        const double along = std::cos(angle) * static_cast<double>(x) + std::sin(angle) * static_cast<double>(y);
        const double value = 100 + 60 * std::sin(along + phase) + static_cast<double>(random() % 80);
        images.pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
    images.labels.push_back(label);
  }
  return images;
}

inline fanin::data::Dataset stripes_dataset() {
  return fanin::data::make_dataset("stripes", {"|", "\\", "-", "/"}, stripes(800, 1), stripes(200, 2));
}
