// safetensors: named tensors as raw little-endian bytes behind a JSON header.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/file.h"
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

/// The tensors of a model's weights, converted to float32. PyTorch's counters ("....num_batches_tracked") are left out;
/// throws Error for another tensor that holds no floats.
std::vector<NamedTensor> parse_weights(std::span<const std::uint8_t> bytes, const std::string& place);
std::vector<NamedTensor> read_weights(const std::filesystem::path& path);

/// The bytes that the reference implementation writes: sorted by type (widest first), then by name. Throws Error for a
/// name that is empty, "__metadata__", given twice or not UTF-8.
std::vector<std::uint8_t> encode_safetensors(const Safetensors& content);

/// A tensor of a file that is yet to be written.
struct TensorInfo {
  std::string name;
  ElementType type = ElementType::float32;
  Shape shape;
};

/// Writes the same bytes tensor by tensor, for files that memory does not hold: the values of infos()[0] first, then
/// those of the next, each in as many pieces as it takes. In place, whole, after finish().
class SafetensorsWriter {
 public:
  /// Throws Error as encode_safetensors does; Error or Failure as AtomicFile does.
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors,
                    const std::map<std::string, std::string>& metadata = {});
  /// The tensors in the order in which their values are to be written.
  const std::vector<TensorInfo>& infos() const { return infos_; }
  void write(std::span<const std::uint8_t> bytes);
  void finish();  // throws std::logic_error where bytes are missing

 private:
  std::vector<TensorInfo> infos_;
  std::uint64_t missing_ = 0;  // bytes of values
  AtomicFile file_;
};

/// Written atomically. Throws Error or Failure as write_file_atomically does.
void write_safetensors(const std::filesystem::path& path, const Safetensors& content);
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace fanin::formats
