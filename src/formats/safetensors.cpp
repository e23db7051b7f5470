// safetensors: u64 header length | JSON header, padded with spaces to 8 | data. Stricter than the reference reader in
// two points that its README demands: no duplicate keys, no leading space.
#include "fanin/formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "fanin/base/file.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

using nlohmann::json;

constexpr std::uint64_t max_header_bytes = 100'000'000;  // the reference reader's cap
constexpr std::size_t max_tensors = 1'000'000, max_name_bytes = 65'536;
constexpr std::string_view metadata_key = "__metadata__";

// By ElementType.
constexpr std::string_view type_names[] = {"BOOL", "U8",  "I8",  "I16", "U16", "F16", "BF16",
                                           "I32",  "U32", "F32", "F64", "I64", "U64"};

std::optional<ElementType> type_of_name(std::string_view name) {
  const auto* found = std::find(std::begin(type_names), std::end(type_names), name);
  if (found == std::end(type_names)) return std::nullopt;
  return static_cast<ElementType>(found - std::begin(type_names));
}

// A tensor of the header, its range relative to the data.
struct Entry {
  std::string name;
  ElementType type;
  Shape shape;
  std::uint64_t begin, end;
};

json parse_header(std::string_view text, std::string_view file) {
  // nlohmann::json keeps the last of duplicate keys silently; the callback sees them all. The header is at most three
  // levels deep, so deeper nesting is refused before it is built.
  std::vector<std::set<std::string>> keys(1);
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > 4) refuse(file, "safetensors header nested deeper than its format");
    if (event == json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      refuse(file, fmt::format("safetensors header has the key '{}' twice", value.get<std::string>()));
    }
    return true;
  };
  // nlohmann::json takes a NUL for the end of its input.
  if (const std::size_t nul = text.find('\0'); nul != text.npos) {
    refuse_at(file, 8 + nul, "safetensors header is not JSON");
  }
  try {
    return json::parse(text.begin(), text.end(), check);
  } catch (const json::parse_error& error) {
    refuse_at(file, 8 + std::max<std::uint64_t>(error.byte, 1) - 1, "safetensors header is not JSON");
  }
}

std::uint64_t whole_number(const json& value, std::string_view file, std::string_view tensor, std::string_view field) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >> 63 != 0) {
    refuse(file, fmt::format("tensor '{}': {} holds {}, expected whole numbers", tensor, field, value.dump()));
  }
  return value.get<std::uint64_t>();
}

Entry parse_entry(const std::string& name, const json& fields, std::uint64_t data_bytes, std::string_view file) {
  const auto fail = [&](std::string_view what) { refuse(file, fmt::format("tensor '{}': {}", name, what)); };
  if (name.size() > max_name_bytes) refuse(file, fmt::format("tensor name of {} bytes", name.size()));
  if (!fields.is_object()) fail("expected an object of dtype, shape and data_offsets");
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!fields.contains(key)) fail(fmt::format("{} is missing", key));
  }
  if (!fields["dtype"].is_string()) fail("dtype is not a string");
  const std::string type_name = fields["dtype"].get<std::string>();
  const std::optional<ElementType> type = type_of_name(type_name);
  if (!type) fail(fmt::format("dtype '{}' is unknown or not supported", type_name));
  Entry entry{name, *type, {}, 0, 0};
  if (!fields["shape"].is_array()) fail("shape is not a list");
  for (const json& extent : fields["shape"]) {
    entry.shape.push_back(static_cast<std::int64_t>(whole_number(extent, file, name, "shape")));
  }
  const json& offsets = fields["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) fail("data_offsets is not a list of two");
  entry.begin = whole_number(offsets[0], file, name, "data_offsets");
  entry.end = whole_number(offsets[1], file, name, "data_offsets");
  if (entry.begin > entry.end) fail(fmt::format("data_offsets run backwards, from {} to {}", entry.begin, entry.end));
  const std::uint64_t size = byte_count(entry.type, entry.shape, fmt::format("{}: tensor '{}'", file, name));
  if (entry.end - entry.begin != size) {
    fail(fmt::format("data_offsets span {} bytes, {} of {} needs {}", entry.end - entry.begin, type_name,
                     fanin::to_string(entry.shape), size));
  }
  if (entry.end > data_bytes) {
    fail(fmt::format("data_offsets end at {}, the file has {} bytes of data", entry.end, data_bytes));
  }
  return entry;
}

std::map<std::string, std::string> parse_metadata(const json& fields, std::string_view file) {
  if (!fields.is_object()) refuse(file, "__metadata__ is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : fields.items()) {
    if (!value.is_string()) refuse(file, fmt::format("__metadata__ '{}' is not a string", key));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

// The tensors must tile the data: no gap, no overlap, nothing behind. Empty tensors come before the one that starts at
// their place.
void check_tiling(std::vector<Entry>& entries, std::uint64_t data_bytes, std::string_view file) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != expected) {
      refuse(file, fmt::format("tensor '{}': its data start at {}, expected {} ({})", entry.name, entry.begin, expected,
                               entry.begin > expected ? "a gap" : "an overlap"));
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    refuse(file, fmt::format("{} bytes after the last tensor's data", data_bytes - expected));
  }
}

// JSON's text of a string; Error where it is not UTF-8.
std::string quoted(const std::string& text) {
  try {
    return json(text).dump();
  } catch (const json::type_error&) {
    throw Error(fmt::format("safetensors: '{}' is not UTF-8", text));
  }
}

// Checks the tensors, and the order that the reference implementation writes: the widest type first, then by name.
std::vector<TensorInfo> in_order(std::vector<TensorInfo> tensors) {
  std::set<std::string_view> names;
  for (const TensorInfo& info : tensors) {
    if (info.name.empty() || info.name == metadata_key || !names.insert(info.name).second) {
      throw Error(fmt::format("safetensors: tensor name '{}' is empty, reserved or given twice", info.name));
    }
  }
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return a.type != b.type ? a.type > b.type : a.name < b.name;
  });
  return tensors;
}

std::uint64_t bytes_of(const TensorInfo& info) {
  return byte_count(info.type, info.shape, fmt::format("tensor '{}'", info.name));
}

std::string header_text(const std::vector<TensorInfo>& tensors, const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  if (!metadata.empty()) {
    text += fmt::format("\"{}\":{{", metadata_key);
    for (const auto& [key, value] : metadata) text += quoted(key) + ":" + quoted(value) + ",";
    text.back() = '}';
    text += ',';
  }
  std::uint64_t begin = 0;
  for (const TensorInfo& info : tensors) {
    const std::uint64_t end = begin + bytes_of(info);
    text += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}},", quoted(info.name),
                        type_names[static_cast<std::size_t>(info.type)], fmt::join(info.shape, ","), begin, end);
    begin = end;
  }
  if (text.back() == ',') text.pop_back();
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

// The file up to the values: the header's length and the header.
std::vector<std::uint8_t> file_head(const std::vector<TensorInfo>& tensors,
                                    const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(tensors, metadata);
  const std::uint64_t header_bytes = header.size();
  std::vector<std::uint8_t> head(8 + header.size());
  std::memcpy(head.data(), &header_bytes, 8);
  std::memcpy(head.data() + 8, header.data(), header.size());
  return head;
}

}  // namespace

Safetensors parse_safetensors(std::span<const std::uint8_t> bytes, std::string_view file) {
  if (bytes.size() < 8) refuse_at(file, bytes.size(), "truncated safetensors file (its header length needs 8 bytes)");
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  if (header_bytes > max_header_bytes) {
    refuse_at(file, 0, fmt::format("safetensors header of {} bytes, more than {}", header_bytes, max_header_bytes));
  }
  if (header_bytes > bytes.size() - 8) {
    refuse_at(file, bytes.size(), fmt::format("truncated safetensors file (its header needs {} bytes)", header_bytes));
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, header_bytes);
  if (!text.starts_with('{')) refuse_at(file, 8, "safetensors header does not start with '{'");
  const json header = parse_header(text, file);
  if (header.size() > max_tensors) refuse(file, fmt::format("{} tensors, more than {}", header.size(), max_tensors));

  const std::span<const std::uint8_t> data = bytes.subspan(8 + header_bytes);
  Safetensors content;
  std::vector<Entry> entries;
  for (const auto& [name, fields] : header.items()) {
    if (name == metadata_key) {
      content.metadata = parse_metadata(fields, file);
    } else {
      entries.push_back(parse_entry(name, fields, data.size(), file));
    }
  }
  check_tiling(entries, data.size(), file);
  for (Entry& entry : entries) {
    const auto range = data.subspan(entry.begin, entry.end - entry.begin);
    content.arrays.push_back(
        {std::move(entry.name), {entry.type, std::move(entry.shape), {range.begin(), range.end()}}});
  }
  return content;
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path), path.string());
}

std::vector<NamedTensor> parse_weights(std::span<const std::uint8_t> bytes, const std::string& place) {
  std::vector<NamedTensor> tensors;
  for (const NamedArray& named : parse_safetensors(bytes, place).arrays) {
    if (named.name.ends_with(".num_batches_tracked")) continue;
    const ElementType type = named.array.type;
    if (type != ElementType::float32 && type != ElementType::float64 && type != ElementType::float16 &&
        type != ElementType::bfloat16)
      throw Error(fmt::format("{}: '{}' has elements of type {}; expected float16, bfloat16, float32 or float64", place,
                              named.name, to_string(type)));
    tensors.push_back({named.name, to_tensor(named.array)});
  }
  return tensors;
}

std::vector<NamedTensor> read_weights(const std::filesystem::path& path) {
  return parse_weights(read_file(path), path.string());
}

std::vector<std::uint8_t> encode_safetensors(const Safetensors& content) {
  std::vector<TensorInfo> infos;
  std::map<std::string_view, const Array*> arrays;
  std::uint64_t total = 0;
  for (const NamedArray& named : content.arrays) {
    infos.push_back({named.name, named.array.type, named.array.shape});
    arrays[named.name] = &named.array;
    const std::uint64_t size = bytes_of(infos.back());
    if (size != named.array.bytes.size()) {
      throw Error(
          fmt::format("tensor '{}': {} bytes given, its shape needs {}", named.name, named.array.bytes.size(), size));
    }
    total += size;
  }
  infos = in_order(std::move(infos));
  std::vector<std::uint8_t> out = file_head(infos, content.metadata);
  out.reserve(out.size() + total);
  for (const TensorInfo& info : infos) {
    const std::vector<std::uint8_t>& bytes = arrays.at(info.name)->bytes;
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors,
                                     const std::map<std::string, std::string>& metadata)
    : infos_(in_order(std::move(tensors))), file_(path) {
  for (const TensorInfo& info : infos_) missing_ += bytes_of(info);
  file_.write(file_head(infos_, metadata));
}

void SafetensorsWriter::write(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > missing_) throw std::logic_error("safetensors: more values than the tensors have");
  file_.write(bytes);
  missing_ -= bytes.size();
}

void SafetensorsWriter::finish() {
  if (missing_ != 0) throw std::logic_error("safetensors: values are missing");
  file_.commit();
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& content) {
  write_file_atomically(path, std::span<const std::uint8_t>(encode_safetensors(content)));
}

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  Safetensors content{{}, metadata};
  for (const NamedTensor& named : tensors) content.arrays.push_back({named.name, to_array(named.tensor)});
  write_safetensors(path, content);
}

}  // namespace fanin::formats
