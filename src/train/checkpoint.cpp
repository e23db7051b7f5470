// Checkpoints: "fanin checkpoint 1\n", a CBOR document, and the hash of both.
#include "train/checkpoint.h"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/hash.h"
#include "fanin/train/result_json.h"

namespace fanin::train {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view magic = "fanin checkpoint 1\n";
constexpr std::uint64_t largest_checkpoint = std::uint64_t{1} << 34;

json to_json(const std::vector<NamedTensor>& tensors) {
  json list = json::array();
  for (const NamedTensor& item : tensors) {
    Bytes bytes(item.tensor.values.size() * sizeof(float));
    std::memcpy(bytes.data(), item.tensor.values.data(), bytes.size());
    list.push_back({{"name", item.name}, {"shape", item.tensor.shape}, {"values", json::binary(std::move(bytes))}});
  }
  return list;
}

std::vector<NamedTensor> tensors_from(const json& list) {
  std::vector<NamedTensor> tensors;
  for (const json& item : list) {
    NamedTensor named{item.at("name").get<std::string>(), {item.at("shape").get<Shape>(), {}}};
    const Bytes& bytes = item.at("values").get_binary();
    const auto count = static_cast<std::size_t>(element_count(named.tensor.shape));
    if (bytes.size() % sizeof(float) != 0 || bytes.size() / sizeof(float) != count)
      throw Error(fmt::format("'{}' has the wrong size", named.name));
    named.tensor.values.resize(count);
    std::memcpy(named.tensor.values.data(), bytes.data(), bytes.size());
    tensors.push_back(std::move(named));
  }
  return tensors;
}

constexpr std::size_t deepest = 8;  // of lists and maps in each other; a checkpoint has 6

/// Whether lists and maps are nested deeper than a checkpoint's or are not as it writes them. The parser calls itself
/// for each level, so this must be known before it starts. (RFC 8949, section 3: three bits of kind, five of length.)
bool nests_too_deep(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint64_t> open;  // items that are still to come, outermost first
  for (std::size_t at = 0; at < bytes.size();) {
    const unsigned kind = bytes[at] >> 5, length = bytes[at] & 31;
    ++at;
    std::uint64_t value = length;
    if (length >= 24) {
      if (length > 27) return true;  // of open length: never written
      const std::size_t width = std::size_t{1} << (length - 24);
      if (bytes.size() - at < width) return true;
      value = 0;
      for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes[at++];
    }
    if (kind == 2 || kind == 3) {  // bytes and text
      if (value > bytes.size() - at) return true;
      at += value;
    } else if ((kind == 4 || kind == 5) && value > 0) {  // list and map
      if (value > bytes.size() || open.size() == deepest) return true;
      open.push_back(kind == 4 ? value : 2 * value);
      continue;
    }
    while (!open.empty() && --open.back() == 0) open.pop_back();
  }
  return false;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const std::string& settings, std::uint64_t checksum,
                      const TrialState& state) {
  json blocks = json::array();
  for (const auto& block : state.optimizer_blocks) blocks.push_back(to_json(block));
  const json document = {{"settings", settings},
                         {"data", checksum},
                         {"result", to_json_text(state.result)},
                         {"loss_sum", state.loss_sum},
                         {"loss_count", state.loss_count},
                         {"provisional_point", state.provisional_point},
                         {"parameters", to_json(state.parameters)},
                         {"optimizer", std::move(blocks)},
                         {"optimizer_steps", state.optimizer_steps}};
  Bytes bytes(magic.begin(), magic.end());
  json::to_cbor(document, bytes);
  const std::uint64_t hash = hash_bytes(bytes);
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<std::uint8_t>(hash >> shift));
  write_file_atomically(path, std::span<const std::uint8_t>(bytes));
}

TrialState read_checkpoint(const std::filesystem::path& path, const std::string& settings, std::uint64_t checksum) {
  const Bytes bytes = read_file(path, largest_checkpoint);
  const auto damaged = [&](std::string_view why) {
    return Error(fmt::format("checkpoint '{}' is damaged: {}", path.string(), why));
  };
  if (bytes.size() < magic.size() + 8 || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
    throw damaged("it does not start as a checkpoint of this version does");
  }
  const std::span<const std::uint8_t> body(bytes.data(), bytes.size() - 8);
  std::uint64_t hash = 0;
  for (int i = 0; i < 8; ++i) hash |= static_cast<std::uint64_t>(bytes[body.size() + i]) << (8 * i);
  if (hash != hash_bytes(body)) throw damaged("its checksum is wrong");
  if (nests_too_deep(body.subspan(magic.size()))) throw damaged("it is not built as a checkpoint is");
  try {
    const json document = json::from_cbor(body.begin() + magic.size(), body.end());
    if (document.at("settings").get_ref<const std::string&>() != settings) {
      throw Error(fmt::format("checkpoint '{}' belongs to other settings:\n  {}\nexpected\n  {}", path.string(),
                              document.at("settings").get_ref<const std::string&>(), settings));
    }
    if (document.at("data").get<std::uint64_t>() != checksum) {
      throw Error(fmt::format("checkpoint '{}' belongs to other data", path.string()));
    }
    TrialState state;
    state.result = result_from_json_text(document.at("result").get_ref<const std::string&>());
    state.loss_sum = document.at("loss_sum").get<double>();
    state.loss_count = document.at("loss_count").get<std::int64_t>();
    state.provisional_point = document.at("provisional_point").get<bool>();
    state.parameters = tensors_from(document.at("parameters"));
    for (const json& block : document.at("optimizer")) state.optimizer_blocks.push_back(tensors_from(block));
    state.optimizer_steps = document.at("optimizer_steps").get<std::int64_t>();
    return state;
  } catch (const json::exception& error) {
    throw damaged(error.what());
  }
}

}  // namespace fanin::train
