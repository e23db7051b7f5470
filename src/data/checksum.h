// The checksum of a data set's pixels and labels.
#pragma once
#include <cstdint>

#include "fanin/data/dataset.h"

namespace fanin::data {

/// Of sizes, pixels and labels of both parts; the same whatever the number of threads.
std::uint64_t checksum_of(const Dataset& dataset);

}  // namespace fanin::data
