// Wrapping and alignment of plain text.
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "fanin/base/terminal.h"

namespace fanin::cli {

namespace {

std::vector<std::string> break_lines(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (line.size() + 1 + word.size() <= width) {
      line.append(" ").append(word);
    } else {
      lines.emplace_back(word);
    }
    if (end < text.size() && text[end] == '\n') lines.emplace_back();
    at = end + 1;
  }
  return lines;
}

constexpr int widest_label = 30;

}  // namespace

int output_width() {
  return is_live_terminal(1) ? std::clamp(terminal_width(1), 40, 120) : 100;
}

std::string wrap(std::string_view text, int indent, int width) {
  std::string out;
  for (const std::string& line : break_lines(text, static_cast<std::size_t>(std::max(20, width - indent)))) {
    out += fmt::format("{:{}}{}\n", "", line.empty() ? 0 : indent, line);
  }
  return out;
}

std::string definition_list(const std::vector<std::pair<std::string, std::string>>& rows, int width) {
  std::size_t column = 0;
  for (const auto& [label, text] : rows) {
    if (label.size() <= widest_label) column = std::max(column, label.size());
  }
  const int indent = static_cast<int>(column) + 4;
  std::string out;
  for (const auto& [label, text] : rows) {
    const std::string body = wrap(text, indent, width);
    if (label.size() <= column) {
      const std::size_t start = std::min(body.size() - 1, static_cast<std::size_t>(indent));  // an empty text: newline
      out += fmt::format("  {:<{}}  {}", label, column, body.substr(start));
    } else {
      out += fmt::format("  {}\n{}", label, body);
    }
  }
  return out;
}

std::string table(const std::vector<std::vector<std::string>>& rows, int width) {
  const std::size_t columns = rows.front().size();
  std::vector<std::size_t> widths(columns, 0);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::size_t indent = 0;
  for (std::size_t c = 0; c + 1 < columns; ++c) indent += widths[c] + 2;
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c + 1 < columns; ++c) out += fmt::format("{:<{}}  ", row[c], widths[c]);
    if (width > 0) {
      const std::string last = wrap(row.back(), static_cast<int>(indent), width);
      out += last.substr(std::min(last.size() - 1, indent));  // an empty cell: the newline
    } else {
      out += row.back() + "\n";
    }
  }
  return out;
}

std::string clip(std::string_view text, int columns) {
  int count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts_character && ++count > columns) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

}  // namespace fanin::cli
