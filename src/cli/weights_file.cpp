#include "cli/weights_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "cli/command.h"
#include "fanin/base/file.h"
#include "fanin/formats/npz.h"

namespace fanin::cli {

namespace {

using formats::TensorInfo;

std::vector<std::size_t> as_given(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

class SafetensorsFile final : public WeightsFile {
 public:
  SafetensorsFile(const std::filesystem::path& path, const std::vector<TensorInfo>& tensors,
                  const std::map<std::string, std::string>& metadata)
      : writer_(path, tensors, metadata) {
    std::map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < tensors.size(); ++i) index[tensors[i].name] = i;
    for (const TensorInfo& info : writer_.infos()) order_.push_back(index.at(info.name));
  }
  std::vector<std::size_t> order() const override { return order_; }
  void write(std::span<const std::uint8_t> bytes) override { writer_.write(bytes); }
  void finish() override { writer_.finish(); }

 private:
  formats::SafetensorsWriter writer_;
  std::vector<std::size_t> order_;
};

class RawFile final : public WeightsFile {
 public:
  RawFile(const std::filesystem::path& path, std::size_t count) : file_(path), count_(count) {}
  std::vector<std::size_t> order() const override { return as_given(count_); }
  void write(std::span<const std::uint8_t> bytes) override { file_.write(bytes); }
  void finish() override { file_.commit(); }

 private:
  AtomicFile file_;
  std::size_t count_;
};

/// A zip archive has each entry's checksum in front of it, so all is held until the end.
class NpzFile final : public WeightsFile {
 public:
  NpzFile(std::filesystem::path path, std::vector<TensorInfo> tensors) : path_(std::move(path)) {
    for (TensorInfo& info : tensors) {
      sizes_.push_back(formats::byte_count(info.type, info.shape, info.name));
      arrays_.push_back({std::move(info.name), {info.type, std::move(info.shape), {}}});
    }
  }
  std::vector<std::size_t> order() const override { return as_given(arrays_.size()); }
  void write(std::span<const std::uint8_t> bytes) override {
    while (at_ < arrays_.size() && arrays_[at_].array.bytes.size() == sizes_[at_]) ++at_;
    std::vector<std::uint8_t>& whole = arrays_.at(at_).array.bytes;
    if (whole.empty()) whole.reserve(sizes_[at_]);
    whole.insert(whole.end(), bytes.begin(), bytes.end());
  }
  void finish() override { formats::write_npz(path_, arrays_); }

 private:
  std::filesystem::path path_;
  std::vector<formats::NamedArray> arrays_;
  std::vector<std::uint64_t> sizes_;
  std::size_t at_ = 0;
};

}  // namespace

void check_weights_name(const std::filesystem::path& path, formats::ElementType type) {
  const std::string format = path.extension().string();
  if (format != ".safetensors" && format != ".npz" && format != ".raw")
    throw UsageError(
        fmt::format("--output is '{}'; expected a name that ends in .safetensors, .npz or .raw", path.string()));
  if (format == ".npz" && type == formats::ElementType::bfloat16)
    throw UsageError("--dtype is 'bf16', which NumPy's files do not have; expected another type or .safetensors");
}

std::unique_ptr<WeightsFile> open_weights(const std::filesystem::path& path, std::vector<TensorInfo> tensors,
                                          const std::map<std::string, std::string>& metadata) {
  for (const TensorInfo& info : tensors) check_weights_name(path, info.type);
  if (path.extension() == ".safetensors") return std::make_unique<SafetensorsFile>(path, tensors, metadata);
  if (path.extension() == ".raw") return std::make_unique<RawFile>(path, tensors.size());
  return std::make_unique<NpzFile>(path, std::move(tensors));
}

}  // namespace fanin::cli
