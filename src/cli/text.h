// Text for terminals: wrapping, definition lists, aligned tables, clipping.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fanin::cli {

/// Columns to format for on standard output: the terminal's width, at most 120; 100 for a pipe or a file.
int output_width();

/// `text` broken at spaces into lines of at most `width` columns, each after `indent` spaces and with a newline.
std::string wrap(std::string_view text, int indent, int width);

/// Labels on the left, wrapped texts on the right; a label too long for its column stands on a line of its own.
std::string definition_list(const std::vector<std::pair<std::string, std::string>>& rows, int width);

/// Columns padded to their widest cell, two spaces between; the last column is wrapped to `width` (0: never).
/// The first row is the header. All rows have as many cells as it.
std::string table(const std::vector<std::vector<std::string>>& rows, int width);

/// The first `columns` characters of UTF-8 `text` (every character counts as one column).
std::string clip(std::string_view text, int columns);

}  // namespace fanin::cli
