// Makes FANIN_MAX_SIMD hold for all dispatch of the process.
#pragma once

namespace fanin::random::simd {

/// Returns whether there is a limit. To be called before any loop runs: fill.cpp does when the process begins.
bool apply_limit();

}  // namespace fanin::random::simd
