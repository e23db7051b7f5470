// The table that `fanin show MODEL` prints.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "fanin/model/graph.h"

namespace fanin::model {
namespace {

constexpr std::size_t columns = 7;
using Row = std::array<std::string, columns>;

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = std::ssize(digits) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

std::string count_or_dash(std::int64_t number) {
  return number == 0 ? "-" : grouped(number);
}

// Size in memory as float32.
std::string megabytes(std::int64_t floats) {
  return fmt::format("{:.2f} MB", static_cast<double>(floats) * 4e-6);
}

bool has_fans(const Node& node) {
  return std::holds_alternative<Conv2d>(node.op) || std::holds_alternative<Linear>(node.op);
}

Row row_of(const Graph& graph, const Node& node) {
  std::int64_t parameters = 0;
  for (const ParameterId id : node.parameters) {
    if (is_trainable(graph.parameter(id).role)) parameters += element_count(graph.parameter(id).shape);
  }
  const Fans of_node = has_fans(node) ? fans(graph, node) : Fans{};
  return {node.name,
          describe(node.op),
          to_string(graph.value(node.output).shape),
          count_or_dash(parameters),
          count_or_dash(multiply_accumulates(graph, node)),
          has_fans(node) ? fmt::format("{:g}", of_node.in) : "-",
          has_fans(node) ? fmt::format("{:g}", of_node.out) : "-"};
}

}  // namespace

std::string summary(const Graph& graph) {
  std::vector<Row> rows = {{"node", "operator", "output", "parameters", "MACs", "fan in", "fan out"}};
  rows.push_back({"input", "-", to_string(graph.input_shape()), "-", "-", "-", "-"});
  for (const Node& node : graph.nodes()) rows.push_back(row_of(graph, node));

  std::array<std::size_t, columns> widths{};
  for (const Row& row : rows) {
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::size_t total_width = 2 * (columns - 1);
  for (const std::size_t width : widths) total_width += width;

  std::string text = graph.name() + "\n\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const bool words = c < 2;  // words to the left, numbers to the right
      line += words ? fmt::format("{:<{}}", rows[r][c], widths[c]) : fmt::format("{:>{}}", rows[r][c], widths[c]);
      if (c + 1 < columns) line += "  ";
    }
    text += line + "\n";
    if (r == 0) text += std::string(total_width, '-') + "\n";
  }

  std::int64_t macs = 0, activations = 0, buffers = 0;
  for (const Node& node : graph.nodes()) macs += multiply_accumulates(graph, node);
  for (const Value& value : graph.values()) activations += element_count(value.shape);
  for (const Parameter& parameter : graph.parameters()) {
    if (!is_trainable(parameter.role)) buffers += element_count(parameter.shape);
  }
  const std::int64_t trainable = graph.trainable_count();
  text += std::string(total_width, '-') + "\n";
  text += fmt::format("Trainable parameters:  {} ({} in float32)\n", grouped(trainable), megabytes(trainable));
  text += fmt::format("Running statistics:    {}\n", grouped(buffers));
  text += fmt::format("MACs of one image:     {}\n", grouped(macs));
  text += fmt::format("Values of one image:   {} ({} in float32)\n", grouped(activations), megabytes(activations));
  return text;
}

}  // namespace fanin::model
