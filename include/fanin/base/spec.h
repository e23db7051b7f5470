// The one spelling of choices with options: `name:key=value,key=value`. Schemes, models, optimizers, schedules and
// augmentations are all written so, on the command line, in files and in reports.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fanin {

struct Spec {
  std::string name;
  std::vector<std::pair<std::string, std::string>> options;  // in the order given

  /// The text that parses to this spec again.
  std::string text() const;
  bool operator==(const Spec&) const = default;
};

/// Parses one spec. Throws Error on an empty name, an option without '=', an empty key or a key given twice.
Spec parse_spec(std::string_view text);

/// Parses a list. A comma followed by `key=` goes on with the options of the spec before it, any other comma starts the
/// next spec: "normal:std=0.01,mean=0,zeros" is two specs.
std::vector<Spec> parse_spec_list(std::string_view text);

enum class OptionKind { number, integer, choice, flag, text };

/// A row of documentation and validation for one option of a registry's entry.
struct OptionInfo {
  std::string_view key;
  OptionKind kind;
  std::string_view default_value;  // as the user would write it; "" where the option has no fixed default
  double minimum;                  // number, integer: smallest allowed value
  double maximum;                  // largest allowed value
  std::string_view choices;        // choice: "fan_in|fan_out|fan_avg"
  std::string_view summary;
};

/// The options of one spec, checked against the entry's rows, defaults filled in.
class Options {
 public:
  /// Throws Error on an unknown key (with the nearest known one), a value that does not parse, is not finite, or is out
  /// of range. `what` names the entry in the message: "scheme 'normal'".
  Options(const Spec& spec, std::span<const OptionInfo> known, std::string_view what);

  bool given(std::string_view key) const;               // the user wrote it
  double number(std::string_view key) const;            // OptionKind::number
  std::int64_t integer(std::string_view key) const;     // OptionKind::integer
  bool flag(std::string_view key) const;                // OptionKind::flag: true|false|1|0|yes|no
  const std::string& text(std::string_view key) const;  // any kind: the (default) value as written

 private:
  struct Value {
    std::string_view key;
    std::string text;
    double number;
    bool given;
  };
  const Value& find(std::string_view key) const;
  std::vector<Value> values_;
};

/// Parsing of single values, whole text or Error; `what` names the place: "--lr".
double parse_number(std::string_view text, std::string_view what);  // finite
std::int64_t parse_integer(std::string_view text, std::string_view what);
std::uint64_t parse_unsigned(std::string_view text, std::string_view what);  // 64 bits, no sign

}  // namespace fanin
