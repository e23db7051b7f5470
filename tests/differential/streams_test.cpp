// Foreign streams against the installed PyTorch and NumPy: the same modules and calls in the same order, bit for bit.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <type_traits>

#include "differential/python.h"
#include "fanin/formats/npz.h"
#include "fanin/random/compat.h"

namespace fanin {
namespace {

using random::compat::NumpyGenerator;
using random::compat::NumpyGeneratorFloat;
using random::compat::NumpyRandomState;
using random::compat::TorchStream;

class Streams : public ::testing::Test {
 protected:
  /// Runs the framework; false where it is not installed.
  bool draw(const std::string& framework) {
    const std::string python = fanin::testing::find_python(framework);
    if (python.empty()) return false;
    const auto file = std::filesystem::temp_directory_path() / fmt::format("fanin-{}-{}.npz", framework, getpid());
    const std::string command =
        fmt::format("'{}' '{}/differential/streams.py' {} '{}'", python, FANIN_TESTS_DIR, framework, file.string());
    if (std::system(command.c_str()) != 0) throw std::runtime_error("streams.py failed: " + command);
    for (formats::NamedArray& array : formats::read_npz(file)) drawn_[array.name] = std::move(array.array);
    std::filesystem::remove(file);
    return true;
  }

  bool has(const std::string& name) const { return drawn_.contains(name); }

  /// The framework's tensor `name` against what `fill` writes into as many elements.
  template <class T, class Fill>
  void expect_same(const std::string& name, const Fill& fill) {
    const formats::Array& theirs = drawn_.at(name);
    EXPECT_EQ(theirs.type, (std::is_same_v<T, float> ? formats::ElementType::float32 : formats::ElementType::float64));
    std::vector<T> ours(theirs.bytes.size() / sizeof(T));
    fill(std::span<T>(ours));
    std::size_t different = 0;
    for (std::size_t i = 0; i < ours.size(); ++i)
      different += std::memcmp(&ours[i], theirs.bytes.data() + i * sizeof(T), sizeof(T)) != 0;
    EXPECT_EQ(different, 0u) << name << ": of " << ours.size();
  }

 private:
  std::map<std::string, formats::Array> drawn_;
};

TEST_F(Streams, OfPyTorchMakeTheWeightsOfItsModules) {
  if (!draw("torch")) {
    if (fanin::testing::must_not_skip()) FAIL() << "no Python with torch";
    GTEST_SKIP() << "no Python with torch";
  }
  TorchStream stream(0);
  // The rule of Conv*d, ConvTranspose*d and Linear; fan_in is that of the weight tensor: size(1) times the kernel.
  const auto module = [&](const std::string& name, double fan_in, bool bias) {
    const double slope = std::sqrt(5.0);
    const double bound = std::sqrt(3.0) * (std::sqrt(2.0 / (1 + slope * slope)) / std::sqrt(fan_in));
    const double bias_bound = 1 / std::sqrt(fan_in);
    if (!name.empty())
      expect_same<float>(name + ".weight", [&](std::span<float> out) { stream.uniform(out, -bound, bound); });
    if (bias)
      expect_same<float>(name + ".bias", [&](std::span<float> out) { stream.uniform(out, -bias_bound, bias_bound); });
  };
  module("0", 3 * 9, true);
  module("2", 8 / 4 * 25, false);
  module("3", 6 * 9, true);
  module("4", 7, true);
  module("5", 100, true);
  std::vector<float> thrown_away(7 * 5 * 9 + 7);
  stream.uniform(std::span<float>(thrown_away), 0, 1);
  expect_same<float>("again",
                     [&](std::span<float> out) { stream.normal(out, 0, std::sqrt(2.0) / std::sqrt(7.0 * 9)); });
  expect_same<float>("small", [&](std::span<float> out) { stream.normal(out, 0, std::sqrt(2.0 / 6)); });
  expect_same<float>("small2", [&](std::span<float> out) { stream.normal(out, 0.5, 2); });
  expect_same<double>("double", [&](std::span<double> out) { stream.normal(out, -1, 0.3); });
  if (!has("truncated")) return;  // PyTorch below 2.12 draws truncated normals through its BLAS library's erfinv
  expect_same<float>("truncated", [&](std::span<float> out) { stream.truncated_normal(out, 0.1, 0.7, -0.5, 1.0); });
  expect_same<float>("rare", [&](std::span<float> out) { stream.truncated_normal(out, 0.1, 0.7, 1.0, 2.5); });
  expect_same<double>("double_truncated",
                      [&](std::span<double> out) { stream.truncated_normal(out, 0.1, 0.7, -0.5, 1.0); });
}

TEST_F(Streams, OfNumPyMakeTheTextBooksWeights) {
  if (!draw("numpy")) {
    if (fanin::testing::must_not_skip()) FAIL() << "no Python with numpy";
    GTEST_SKIP() << "no Python with numpy";
  }
  NumpyRandomState legacy(7);
  expect_same<double>("random", [&](std::span<double> out) { legacy.normal(out, 0, 0.01); });
  expect_same<double>("xavier", [&](std::span<double> out) { legacy.normal(out, 0, std::sqrt(2.0 / (20 + 5))); });
  expect_same<double>("uniform", [&](std::span<double> out) { legacy.uniform(out, -0.3, 0.7); });
  NumpyGenerator generator(7);
  expect_same<double>("generator_normal", [&](std::span<double> out) { generator.normal(out, 0.5, 0.02); });
  expect_same<double>("generator_uniform", [&](std::span<double> out) { generator.uniform(out, -0.3, 0.7); });
  NumpyGeneratorFloat halves(9);
  expect_same<float>("generator_float_normal", [&](std::span<float> out) { halves.normal(out, 0.5, 0.02); });
  expect_same<float>("generator_float_uniform", [&](std::span<float> out) { halves.uniform(out, -0.5, 0.75); });
  expect_same<float>("generator_float", [&](std::span<float> out) { generator.standard_normal(out); });
}

}  // namespace
}  // namespace fanin
