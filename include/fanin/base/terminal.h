// What the streams are: a terminal or a pipe, how wide, in colour or not.
#pragma once
#include <string>

namespace fanin {

enum class ColorChoice { automatic, always, never };

/// Whether file descriptor `fd` (1 or 2) gets colour: the explicit choice, then NO_COLOR (non-empty: off),
/// CLICOLOR_FORCE / FORCE_COLOR (on), CLICOLOR=0 (off), TERM=dumb or not a terminal (off), else on.
bool use_color(int fd, ColorChoice choice = ColorChoice::automatic);

/// Whether progress may redraw: a terminal that is not dumb, and neither CI nor a pipe.
bool is_live_terminal(int fd);

/// Columns of the terminal behind `fd`; COLUMNS or 80 where it is none.
int terminal_width(int fd);

/// "3 min 12 s", "1.4 s": a duration for people.
std::string format_duration(double seconds);

}  // namespace fanin
