// The files that `fanin init` writes, tensor by tensor: safetensors and raw as they come, npz at the end.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fanin/formats/safetensors.h"

namespace fanin::cli {

class WeightsFile {
 public:
  virtual ~WeightsFile() = default;
  /// The tensors, by their numbers in the call of open_weights(), in the order in which their bytes are to come.
  virtual std::vector<std::size_t> order() const = 0;
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
  /// Only then there is a file. Throws Error or Failure, as write() does.
  virtual void finish() = 0;
};

/// By the name's ending; throws UsageError on another than .safetensors, .npz and .raw, and on bfloat16 in .npz.
std::unique_ptr<WeightsFile> open_weights(const std::filesystem::path& path, std::vector<formats::TensorInfo> tensors,
                                          const std::map<std::string, std::string>& metadata);
/// The same refusals, before there is work.
void check_weights_name(const std::filesystem::path& path, formats::ElementType type);

}  // namespace fanin::cli
