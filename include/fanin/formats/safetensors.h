// safetensors: named tensors as raw little-endian bytes behind a JSON header.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/formats/array.h"

namespace fanin::formats {

struct Safetensors {
  std::vector<NamedArray> arrays;               // in the order of their data
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

/// Parses a whole file. Throws Error naming `file` and the offset or the tensor: a header that is too long, not UTF-8
/// JSON, or has duplicate keys; unknown or unsupported types (8-bit floats and smaller); offsets that do not fit the
/// shape, leave a gap, overlap, or do not end at the file's end.
Safetensors parse_safetensors(std::span<const std::uint8_t> bytes, std::string_view file);
Safetensors read_safetensors(const std::filesystem::path& path);

/// The tensors of a file converted to float32 (a model's weights). Throws Error.
std::vector<NamedTensor> read_tensors(const std::filesystem::path& path);

/// The bytes that the reference implementation writes: sorted by type (widest first), then by name. Throws Error for a
/// name that is empty, "__metadata__", given twice or not UTF-8.
std::vector<std::uint8_t> encode_safetensors(const Safetensors& content);

/// Written atomically. Throws Error or Failure as write_file_atomically does.
void write_safetensors(const std::filesystem::path& path, const Safetensors& content);
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace fanin::formats
