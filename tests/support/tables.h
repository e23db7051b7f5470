// One switch for what is made from the tables of schemes: docs/schemes.md and the golden bits.
#pragma once

namespace fanin::test {

/// Whether a row that the page or the golden bits do not have fails a test. scripts/approve.sh makes both.
inline constexpr bool every_row_is_recorded = false;

}  // namespace fanin::test
