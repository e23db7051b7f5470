// Initial weights from other frameworks' streams against the installed packages: whole modules, built in the same
// order, single calls, and the text-book's NumPy lines, bit for bit.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

#include "differential/python.h"
#include "fanin/formats/npz.h"
#include "fanin/init/layer.h"
#include "fanin/init/source.h"
#include "fanin/model/builders.h"

namespace fanin {
namespace {

using Arrays = std::map<std::string, formats::Array>;

/// What the framework drew; empty where it is not installed.
Arrays drawn_by(const std::string& framework, const std::string& module) {
  const std::string python = fanin::testing::find_python(module);
  if (python.empty()) return {};
  const auto file = std::filesystem::temp_directory_path() / fmt::format("fanin-init-{}-{}.npz", framework, getpid());
  const std::string command =
      fmt::format("'{}' '{}/differential/initial.py' {} '{}'", python, FANIN_TESTS_DIR, framework, file.string());
  if (std::system(command.c_str()) != 0) throw std::runtime_error("initial.py failed: " + command);
  Arrays arrays;
  for (formats::NamedArray& array : formats::read_npz(file)) arrays[array.name] = std::move(array.array);
  std::filesystem::remove(file);
  return arrays;
}

template <class T>
void expect_same(const formats::Array& theirs, const Shape& shape, const std::vector<T>& ours, double tolerance = 0) {
  EXPECT_EQ(theirs.shape, shape);
  ASSERT_EQ(theirs.bytes.size(), ours.size() * sizeof(T));
  std::size_t different = 0;
  double apart = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    T value;
    std::memcpy(&value, theirs.bytes.data() + i * sizeof(T), sizeof(T));
    different += std::memcmp(&value, &ours[i], sizeof(T)) != 0;
    apart = std::max(apart, std::abs(static_cast<double>(value) - static_cast<double>(ours[i])));
  }
  if (tolerance > 0) {
    EXPECT_LT(apart, tolerance);
  } else {
    EXPECT_EQ(different, 0u) << "of " << ours.size() << ", by at most " << apart;
  }
}

model::Graph network(const std::string& name) {
  if (name.starts_with("lenet5")) return model::build_model(parse_spec("lenet5"), {1, 28, 28}, 10);
  const std::string spec = name == "vgg11_bn" || name == "normed" ? "vgg11:norm=batch" : name;
  return model::build_model(parse_spec(spec), {3, 32, 32}, 10);
}

template <class T>
void compare_network(const Arrays& arrays, const std::string& name, const std::string& preset,
                     const std::string& stream) {
  const std::vector<init::Source> sources = init::sources(network(name), parse_spec(preset), 0);
  std::size_t compared = 0;
  init::draw_all<T>(sources, stream, 0, [&](std::size_t index, const std::vector<T>& values) {
    const std::string key = fmt::format("{}/{}/{}", name, preset, sources[index].name());
    if (!arrays.contains(key)) return;
    SCOPED_TRACE(key);
    expect_same(arrays.at(key), sources[index].shape(), values);
    ++compared;
  });
  EXPECT_GE(compared, name == "normed" ? 2u : sources.size()) << name << " " << preset;
}

/// "call/SCHEME/SHAPE": one tensor of the framework's shape, seed 3.
template <class T>
void compare_call(const formats::Array& theirs, const std::string& key, const std::string& stream, std::uint64_t seed,
                  double tolerance = 0) {
  SCOPED_TRACE(key);
  const std::size_t first = key.find('/'), last = key.rfind('/');
  const std::string scheme = key.substr(first + 1, last - first - 1);
  init::WeightContext context;
  if (theirs.shape.size() > 1) {
    init::Layer layer;
    layer.kind = theirs.shape.size() == 2 ? init::LayerKind::linear : init::LayerKind::convolution;
    layer.shape = theirs.shape;
    context = init::layer_context(layer, "weight", seed);
  } else {
    context.name = "weight";
    context.role = model::Role::weight;
    context.shape = theirs.shape;
  }
  std::vector<init::Source> one;
  one.emplace_back(parse_spec(scheme), context);
  init::draw_all<T>(one, stream, seed, [&](std::size_t, const std::vector<T>& values) {
    expect_same(theirs, theirs.shape, values, tolerance);
  });
}

#define DRAWN_OR_SKIP(framework, module)                                     \
  const Arrays arrays = drawn_by(framework, module);                         \
  if (arrays.empty()) {                                                      \
    if (fanin::testing::must_not_skip()) FAIL() << "no Python with " module; \
    GTEST_SKIP() << "no Python with " module;                                \
  }

TEST(Initial, PyTorchsModulesAndCalls) {
  DRAWN_OR_SKIP("torch", "torch")
  for (const char* name : {"lenet5", "resnet20", "vgg11", "vgg11_bn"})
    compare_network<float>(arrays, name, "pytorch-default", "torch");
  compare_network<double>(arrays, "lenet5-double", "pytorch-default", "torch");
  for (const char* preset : {"torchvision-resnet", "torchvision-vgg", "torchvision-densenet", "torchvision-mobilenet",
                             "torchvision-efficientnet", "torchvision-convnext", "timm-efficientnet"})
    for (const char* name : {"lenet5", "vgg11"})
      if (arrays.contains(fmt::format("{}/{}/fc.weight", name, preset)) ||
          arrays.contains(fmt::format("{}/{}/fc3.weight", name, preset)))
        compare_network<float>(arrays, name, preset, "torch");
  std::size_t calls = 0;
  for (const auto& [key, theirs] : arrays) {
    if (key.starts_with("call/")) compare_call<float>(theirs, key, "torch", 3);
    if (key.starts_with("call-double/")) compare_call<double>(theirs, key, "torch", 3);
    if (key.starts_with("near/")) compare_call<float>(theirs, key, "torch", 3, 1e-6);
    calls += key.starts_with("call") || key.starts_with("near");
  }
  EXPECT_GE(calls, 60u);
}

TEST(Initial, TorchvisionsOwnResNets) {
  const Arrays arrays = drawn_by("torchvision", "torchvision");
  if (arrays.empty()) GTEST_SKIP() << "no Python with torchvision";
  for (const char* name : {"resnet18", "resnet50"}) compare_network<float>(arrays, name, "torchvision-resnet", "torch");
}

TEST(Initial, TheTextBooksLines) {
  DRAWN_OR_SKIP("numpy", "numpy")
  for (const auto& [key, theirs] : arrays) compare_call<double>(theirs, key, "numpy", 7);
  EXPECT_EQ(arrays.size(), 9u);
}

TEST(Initial, JaxsInitializersAndFlaxsLayers) {
  const Arrays arrays = drawn_by("jax", "flax.nnx");
  if (arrays.empty()) GTEST_SKIP() << "no Python with flax";
  compare_network<float>(arrays, "lenet5", "flax-default", "jax");
  compare_network<float>(arrays, "normed", "flax-default", "jax");
  for (const auto& [key, theirs] : arrays)
    if (key.starts_with("call/")) compare_call<float>(theirs, key, "jax", 3);
}

}  // namespace
}  // namespace fanin
