// The spelling of augmentations.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"
#include "fanin/base/spec.h"
#include "fanin/data/dataset.h"

namespace fanin::data {
namespace {

constexpr std::int64_t max_pixels = 1024;

[[noreturn]] void refuse(std::string_view text, std::string_view what) {
  throw Error(fmt::format("augmentation '{}': {}", text, what));
}

// "4" or "pixels=4".
std::int64_t parse_pixels(std::string_view name, std::string_view value, std::string_view text) {
  constexpr std::string_view key = "pixels=";
  if (value.starts_with(key)) value.remove_prefix(key.size());
  const std::int64_t pixels = parse_integer(value, fmt::format("augmentation '{}': {}", text, name));
  if (pixels < 1 || pixels > max_pixels) {
    refuse(text, fmt::format("{} of {} pixels, expected 1 to {}", name, pixels, max_pixels));
  }
  return pixels;
}

}  // namespace

Augmentation parse_augmentation(std::string_view text) {
  Augmentation result;
  if (text == "none") return result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t colon = std::min(item.find(':'), item.size());
    const std::string_view name = item.substr(0, colon);
    const bool has_value = colon < item.size();
    if (name == "flip") {
      if (has_value) refuse(text, "flip takes no value");
      if (std::exchange(result.flip, true)) refuse(text, "flip is given twice");
    } else if (name == "crop" || name == "cutout") {
      std::int64_t& pixels = name == "crop" ? result.crop : result.cutout;
      if (pixels != 0) refuse(text, fmt::format("{} is given twice", name));
      if (!has_value) refuse(text, fmt::format("{0} needs its pixels, as in {0}:4", name));
      pixels = parse_pixels(name, item.substr(colon + 1), text);
    } else if (name == "none" || name.empty()) {
      refuse(text, "expected none or a list as in flip,crop:4,cutout:8");
    } else {
      throw Error(unknown_name_message("augmentation", name, {"flip", "crop", "cutout"}));
    }
  }
  return result;
}

std::string to_string(const Augmentation& augmentation) {
  std::string text;
  if (augmentation.flip) text += ",flip";
  if (augmentation.crop > 0) text += fmt::format(",crop:{}", augmentation.crop);
  if (augmentation.cutout > 0) text += fmt::format(",cutout:{}", augmentation.cutout);
  return text.empty() ? "none" : text.substr(1);
}

}  // namespace fanin::data
