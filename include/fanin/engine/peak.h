// What this core can do at most, measured: the two limits that times are compared with.
#pragma once

namespace fanin::engine {

/// Floating-point operations a second of one thread in chains of fused multiply-adds on the widest vectors that the
/// kernels use (a fused multiply-add counts as two). Takes about 20 ms; the best of several runs.
double measure_fma_peak();

/// Bytes a second of one thread that reads an array much larger than the caches. Takes about 100 ms.
double measure_memory_bandwidth();

}  // namespace fanin::engine
