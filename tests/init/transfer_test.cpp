// Schemes from another network's weights: exact copies, kept responses, and each refusal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/files.h"
#include "init/files.h"
#include "init/helpers.h"
#include "init/networks.h"
#include "init/resample.h"

namespace fanin::init {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Weight selection.

std::vector<float> picked(const Folder& folder, std::int64_t larger, std::int64_t smaller) {
  const std::string file = folder.weights("a.safetensors", {{"fc.weight", counted({larger, 1})}});
  WeightContext context = linear_context(smaller, 1);
  return filled("weight_selection:file=" + file, context).values;
}

TEST(WeightSelection, TakesTheIndicesOfThePaper) {
  const Folder folder;
  EXPECT_THAT(picked(folder, 8, 4), ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(picked(folder, 6, 4), ElementsAre(0, 2, 3, 5));
  EXPECT_THAT(picked(folder, 7, 3), ElementsAre(0, 3, 6));
  EXPECT_THAT(picked(folder, 4, 3), ElementsAre(0, 2, 3)) << "1.5 goes to the even 2";
  EXPECT_THAT(picked(folder, 10, 3), ElementsAre(0, 4, 9)) << "4.5 goes to the even 4";
  EXPECT_THAT(picked(folder, 5, 5), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(picked(folder, 5, 1), ElementsAre(0));
}

TEST(WeightSelection, SelectsInEveryDimensionAndStartsTheHeadAnew) {
  const Folder folder;
  const model::Graph large = build("vanilla:depth=4,width=12,norm=batch"),
                     small = build("vanilla:depth=3,width=4,norm=batch");
  const std::vector<NamedTensor> there = trained(large);
  const std::string scheme = "weight_selection:file=" + folder.weights("a.safetensors", there);
  const std::vector<NamedTensor> here = start(small, scheme);
  const Tensor &from = tensor_of(there, "conv2.weight"), &to = tensor_of(here, "conv2.weight");
  for (std::size_t o = 0; o < 4; ++o)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t t = 0; t < 9; ++t)
        EXPECT_EQ(to.values[(o * 4 + i) * 9 + t], from.values[(3 * o * 12 + 3 * i) * 9 + t]);
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_EQ(tensor_of(here, "bn3.running_var").values[c], tensor_of(there, "bn3.running_var").values[3 * c]);
  EXPECT_EQ(tensor_of(here, "fc.weight").values, tensor_of(start(small, "he_normal"), "fc.weight").values);
  EXPECT_THAT(tensor_of(here, "fc.bias").values, Each(0.0f));
  const std::vector<NamedTensor> whole = start(small, scheme + ",head=select");
  EXPECT_EQ(tensor_of(whole, "fc.weight").values[1], tensor_of(there, "fc.weight").values[3]);
  EXPECT_EQ(tensor_of(whole, "fc.bias").values, tensor_of(there, "fc.bias").values);
}

TEST(WeightSelection, SaysWhatDoesNotFit) {
  const Folder folder;
  const std::string file = folder.weights("a.safetensors", start(build("vanilla:depth=3,width=4"), "he_normal"));
  EXPECT_THAT([&] { start(build("vanilla:depth=3,width=8"), "weight_selection:file=" + file); },
              ThrowsMessage<Error>("scheme 'weight_selection': " + file +
                                   ": 'conv1.weight' has shape 4x1x3x3, the "
                                   "network's 'conv1.weight' 8x1x3x3; expected no smaller extent in the file"));
  EXPECT_THAT([&] { start(build("vanilla:depth=4,width=4"), "weight_selection:file=" + file); },
              ThrowsMessage<Error>(HasSubstr("no tensor 'conv4.weight' (the nearest is 'conv1.weight')")));
  EXPECT_NO_THROW(start(build("vanilla:depth=4,width=4"), "weight_selection:map=conv4:conv3,file=" + file));
  EXPECT_THAT(
      [&] {
        start(build("lenet5", {1, 28, 28}), "weight_selection:base=nonsense,file=" + file);
      },
      ThrowsMessage<Error>(HasSubstr("unknown scheme 'nonsense'")));
  EXPECT_THAT([&] { start(build("vanilla:depth=3,width=4"), "weight_selection:base=nonsense,file=" + file); },
              ThrowsMessage<Error>(HasSubstr("unknown scheme 'nonsense'")));
  EXPECT_THAT([&] { start(build("vanilla:depth=3,width=4"), "weight_selection:base=net2wider,file=" + file); },
              ThrowsMessage<Error>(HasSubstr("option 'base' is 'net2wider'; expected a scheme that looks at")));
  EXPECT_THAT([&] { start(build("vanilla:depth=3,width=4"), "weight_selection:map=conv1,file=" + file); },
              ThrowsMessage<Error>(HasSubstr("option 'map' of scheme 'weight_selection' has 'conv1'; expected "
                                             "TARGET:SOURCE")));
  EXPECT_THAT([&] { start(build("mlp"), "weight_selection"); },
              ThrowsMessage<Error>("scheme 'weight_selection' needs a file; expected weight_selection:file=PATH"));
}

// From weights.

/// A first layer (2, channels, 3, 3) and what it becomes for `here` channels.
struct Adapted {
  Tensor before, after;
};
Adapted adapted(const Folder& folder, std::int64_t there, std::int64_t here, const std::string& options) {
  const Tensor before = noise({2, there, 3, 3}, "first");
  const std::string file = folder.weights("a.safetensors", {{"conv.weight", before}});
  WeightContext context = conv_context(2, here, 3);
  context.place.first = true;
  return {before, {context.shape, filled("from_weights:" + options + ",file=" + file, context).values}};
}

/// Output o, tap t, channel i.
float at(const Tensor& weight, std::int64_t o, std::int64_t i, std::int64_t t) {
  return weight.values[static_cast<std::size_t>((o * weight.shape[1] + i) * 9 + t)];
}

double over_channels(const Tensor& weight, std::int64_t o, std::int64_t t) {
  double sum = 0;
  for (std::int64_t i = 0; i < weight.shape[1]; ++i) sum += at(weight, o, i, t);
  return sum;
}

TEST(FromWeights, KeepsTheResponseToEqualChannels) {
  const Folder folder;
  for (const char* rule : {"repeat", "mean"})
    for (std::int64_t there = 1; there <= 5; ++there)
      for (std::int64_t here = 1; here <= 8; ++here) {
        const Adapted first = adapted(folder, there, here, std::string("channels=") + rule);
        for (std::int64_t o = 0; o < 2; ++o)
          for (std::int64_t t = 0; t < 9; ++t)
            EXPECT_NEAR(over_channels(first.after, o, t), over_channels(first.before, o, t), 1e-6)
                << rule << ' ' << there << ' ' << here;
      }
}

TEST(FromWeights, AdaptsChannelsByTheNamedRule) {
  const Folder folder;
  const Adapted gray = adapted(folder, 3, 1, "channels=repeat"), colour = adapted(folder, 1, 3, "channels=repeat");
  const Adapted four = adapted(folder, 3, 4, "channels=repeat"), two = adapted(folder, 3, 2, "channels=repeat");
  const Adapted mean = adapted(folder, 3, 2, "channels=mean"), sum = adapted(folder, 3, 2, "channels=sum");
  const Adapted zero = adapted(folder, 2, 3, "channels=zero");
  for (std::int64_t o = 0; o < 2; ++o)
    for (std::int64_t t = 0; t < 9; ++t) {
      const double total = over_channels(gray.before, o, t);
      EXPECT_FLOAT_EQ(at(gray.after, o, 0, t), static_cast<float>(total));
      for (std::int64_t i = 0; i < 3; ++i) EXPECT_FLOAT_EQ(at(colour.after, o, i, t), at(colour.before, o, 0, t) / 3);
      EXPECT_FLOAT_EQ(at(four.after, o, 0, t), at(four.before, o, 0, t) / 2);
      EXPECT_EQ(at(four.after, o, 1, t), at(four.before, o, 1, t));
      EXPECT_EQ(at(four.after, o, 3, t), at(four.after, o, 0, t));
      EXPECT_FLOAT_EQ(at(two.after, o, 0, t), at(two.before, o, 0, t) + at(two.before, o, 2, t));
      EXPECT_EQ(at(two.after, o, 1, t), at(two.before, o, 1, t));
      EXPECT_FLOAT_EQ(at(mean.after, o, 1, t), static_cast<float>(total / 2));
      EXPECT_FLOAT_EQ(at(sum.after, o, 1, t), static_cast<float>(total));
      EXPECT_EQ(at(zero.after, o, 1, t), at(zero.before, o, 1, t));
      EXPECT_EQ(at(zero.after, o, 2, t), 0);
    }
}

TEST(FromWeights, ResamplesKernelsAndKeepsTheirSum) {
  for (const char* method : {"area", "bilinear"})
    for (std::int64_t from = 1; from <= 9; ++from)
      for (std::int64_t to = 1; to <= 9; ++to) {
        SCOPED_TRACE(testing::Message() << method << ' ' << from << " -> " << to);
        const Tensor kernel = noise({from * 3}, "kernel");
        const std::vector<double> values(kernel.values.begin(), kernel.values.end());
        const std::vector<double> made = resample_kernels(values, 1, from, 3, to, 3, method);
        EXPECT_NEAR(std::accumulate(made.begin(), made.end(), 0.0), std::accumulate(values.begin(), values.end(), 0.0),
                    1e-12);
        const std::vector<double> ones(static_cast<std::size_t>(from * from), 1.0);
        const double each = static_cast<double>(from * from) / static_cast<double>(to * to);
        for (const double tap : resample_kernels(ones, 1, from, from, to, to, method)) EXPECT_NEAR(tap, each, 1e-12);
        if (from == to) {
          EXPECT_EQ(made, values);
        }
      }
  // 2 -> 3 taps by hand: the middle tap gets the inner third of both.
  EXPECT_THAT(resampling(2, 3, "area"), ElementsAre(2.0 / 3, 0, 1.0 / 3, 1.0 / 3, 0, 2.0 / 3));
  EXPECT_THAT(resampling(2, 1, "bilinear"), ElementsAre(1, 1));
}

TEST(FromWeights, CopiesWhatFits) {
  const Folder folder;
  const model::Graph colour = build("vanilla:depth=3,width=4,norm=batch", {3, 8, 8}, 7),
                     gray = build("vanilla:depth=3,width=4,norm=batch");
  const std::vector<NamedTensor> there = trained(colour);
  const std::string scheme = "from_weights:file=" + folder.weights("a.safetensors", there);
  const std::vector<NamedTensor> here = start(gray, scheme);
  for (const char* name : {"conv2.weight", "conv3.weight", "bn1.weight", "bn2.bias", "bn3.running_mean"})
    EXPECT_EQ(tensor_of(here, name).values, tensor_of(there, name).values) << name;
  EXPECT_EQ(tensor_of(here, "fc.weight").values, tensor_of(start(gray, "he_normal"), "fc.weight").values)
      << "other classes: a new head";
  EXPECT_THAT(tensor_of(here, "fc.bias").values, Each(0.0f));
  // A gray image is answered as the same image in three equal channels was.
  std::vector<NamedTensor> headless = start(colour, scheme);
  reference::Network old_network(colour), new_network(gray);
  old_network.load(headless);
  new_network.load(here);
  const Tensor image = noise({64}, "gray");
  reference::Array one(image.values.begin(), image.values.end()), three;
  for (int c = 0; c < 3; ++c) three.insert(three.end(), one.begin(), one.end());
  new_network.forward(one, false);
  old_network.forward(three, false);
  const model::ValueId pooled = std::ranges::find(gray.nodes(), "avgpool", &model::Node::name)->output;
  EXPECT_LT(difference(old_network.value(pooled), new_network.value(pooled)), 1e-6);
  EXPECT_EQ(tensor_of(start(colour, scheme), "fc.weight").values, tensor_of(there, "fc.weight").values);
  EXPECT_NE(tensor_of(start(colour, scheme + ",head=base"), "fc.weight").values, tensor_of(there, "fc.weight").values);
}

TEST(FromWeights, TakesLayersOfOtherNames) {
  const Folder folder;
  std::vector<NamedTensor> there = trained(build("vanilla:depth=3,width=4"));
  for (NamedTensor& tensor : there) tensor.name = "module." + tensor.name;
  const std::string file = folder.weights("a.safetensors", there);
  const std::vector<NamedTensor> here =
      start(build("vanilla:depth=4,width=4"), "from_weights:map=conv4:new+*:module.*,missing=base,file=" + file);
  EXPECT_EQ(tensor_of(here, "conv2.bias").values, tensor_of(there, "module.conv2.bias").values);
  EXPECT_EQ(tensor_of(here, "conv4.weight").values,
            tensor_of(start(build("vanilla:depth=4,width=4"), "he_normal"), "conv4.weight").values);
}

TEST(FromWeights, SaysWhatDoesNotFit) {
  const Folder folder;
  const std::string file = folder.weights("a.safetensors", trained(build("vanilla:depth=3,width=4", {3, 8, 8})));
  const auto refused = [&](const char* model, const std::string& options, const std::string& message) {
    EXPECT_THAT([&] { start(build(model), "from_weights:" + options + "file=" + file); },
                ThrowsMessage<Error>(HasSubstr(message)));
  };
  refused("vanilla:depth=3,width=8", "",
          "'conv1.weight' has shape 4x3x3x3, the network's 'conv1.weight' 8x1x3x3; expected "
          "the same, or another kernel size, or other input channels of the first layer");
  refused("vanilla:depth=3,width=4", "channels=refuse,", "channels=refuse keeps it from being adapted");
  refused("vanilla:depth=3,width=4", "channels=zero,", "channels=zero needs at least the file's channels");
  refused("vanilla:depth=4,width=4", "", "no tensor 'conv4.weight'");
  refused("vanilla:depth=3,width=4,norm=batch", "", "no tensor 'bn1.weight'");
  std::vector<NamedTensor> bad = trained(build("vanilla:depth=3,width=4"));
  bad[2].tensor.values[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(
      [&] { start(build("vanilla:depth=3,width=4"), "from_weights:file=" + folder.weights("b.safetensors", bad)); },
      ThrowsMessage<Error>(HasSubstr("'conv2.weight' holds nan at element 5; expected finite weights")));
  const std::string text = folder.text("c.safetensors", "no weights");
  EXPECT_THAT(
      [&] {
        start(build("lenet5", {1, 28, 28}), "from_weights:file=" + text);
      },
      ThrowsMessage<Error>(HasSubstr(text)));
}

// Filter covariance.

TEST(FilterCovariance, DrawsWithTheMeasuredCovariance) {
  const Folder folder;
  // Filters a u + b v: rank two, so that a wrong factor would show.
  Tensor weight{{64, 1, 3, 3}, {}};
  const Tensor a = noise({64}, "a"), b = noise({64}, "b", 0, 0.5f);
  for (std::size_t f = 0; f < 64; ++f)
    for (int t = 0; t < 9; ++t)
      weight.values.push_back(0.25f + a.values[f] * static_cast<float>(t - 4) / 4 +
                              b.values[f] * (t == 4 ? 1.0f : 0.5f));
  const std::string scheme = "filter_covariance:file=" + folder.weights("a.safetensors", {{"conv.weight", weight}});
  const WeightContext context = conv_context(4096, 16, 3, 16);
  const Filled drawn = filled(scheme, context);
  const auto covariance = [](const std::vector<float>& values, int s, int t) {
    const std::size_t count = values.size() / 9;
    double mean_s = 0, mean_t = 0, product = 0;
    for (std::size_t f = 0; f < count; ++f) {
      mean_s += values[f * 9 + static_cast<std::size_t>(s)] / static_cast<double>(count);
      mean_t += values[f * 9 + static_cast<std::size_t>(t)] / static_cast<double>(count);
    }
    for (std::size_t f = 0; f < count; ++f)
      product += (values[f * 9 + static_cast<std::size_t>(s)] - mean_s) *
                 (values[f * 9 + static_cast<std::size_t>(t)] - mean_t) / static_cast<double>(count - 1);
    return product;
  };
  for (int s = 0; s < 9; ++s)
    for (int t = 0; t <= s; ++t)  // of 4096 filters: five standard errors
      EXPECT_NEAR(covariance(drawn.values, s, t), covariance(weight.values, s, t), 5 * std::sqrt(2.0 / 4096)) << s << t;
  double trace = 0;
  for (int t = 0; t < 9; ++t) trace += covariance(weight.values, t, t);
  EXPECT_NEAR(drawn.report.target_std, std::sqrt(trace / 9), 1e-6);
  const Filled scaled = filled(scheme + ",scale=he", context);
  EXPECT_NEAR(scaled.report.target_std, std::sqrt(2 / context.fans.in), 1e-12);
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_NEAR(scaled.values[i] / scaled.report.target_std, drawn.values[i] / drawn.report.target_std, 1e-5);
}

TEST(FilterCovariance, TakesFiltersOfOtherSizesAndLayers) {
  const Folder folder;
  const std::string scheme =
      "filter_covariance:file=" + folder.weights("a.safetensors", trained(build("lenet5", {1, 28, 28})));
  const model::Graph graph = build("vanilla:depth=3,width=8");
  EXPECT_THAT([&] { start(graph, scheme); }, ThrowsMessage<Error>(HasSubstr("no tensor 'conv3.weight'")));
  const std::vector<NamedTensor> all = start(graph, scheme + ",filters=all");
  EXPECT_TRUE(same(all, start(graph, scheme + ",filters=all")));
  EXPECT_EQ(tensor_of(all, "fc.weight").values, tensor_of(start(graph, "he_normal"), "fc.weight").values);
  const std::string flat =
      folder.weights("b.safetensors", {{"conv.weight", {{4, 4, 3, 3}, std::vector<float>(144, 1)}}});
  EXPECT_THAT([&] { filled("filter_covariance:file=" + flat, conv_context(4, 4, 3)); },
              ThrowsMessage<Error>(HasSubstr("the filters for 'conv.weight' are all alike")));
  const std::string points = folder.weights("c.safetensors", {{"conv.weight", counted({4, 4, 1, 1})}});
  EXPECT_THAT([&] { filled("filter_covariance:file=" + points, conv_context(4, 4, 3)); },
              ThrowsMessage<Error>(HasSubstr("'conv.weight' of shape 4x4x1x1 has no spatial filters to measure")));
  EXPECT_THAT([&] { filled("filter_covariance:filters=all,file=" + points, conv_context(4, 4, 3)); },
              ThrowsMessage<Error>(HasSubstr("0 spatial filters for 'conv.weight'; expected at least two")));
}

// Files.

TEST(SchemeFiles, OfAnyShapesAreTakenOrRefused) {
  // A file may hold any shape under any name: none may be read beyond its end or divided by.
  const Folder folder;
  const model::Graph graphs[] = {build("vanilla:depth=3,width=4,norm=batch"), build("mlp:hidden=4,layers=1"),
                                 branched(4), build("vanilla:depth=4,width=4,norm=batch")};
  const std::string schemes[] = {"weight_selection",
                                 "from_weights",
                                 "from_weights:kernel=bilinear,missing=base",
                                 "from_weights:channels=mean,head=copy",
                                 "filter_covariance",
                                 "filter_covariance:filters=all",
                                 "net2wider",
                                 "net2deeper"};
  std::uint64_t draw = 0;
  const random::Stream stream = random::make_stream(4, "shapes", random::Purpose::augment);
  const auto below = [&](std::uint64_t n) { return random::uniform_index(stream, draw++, n); };
  int taken = 0, refused = 0;
  for (int round = 0; round < 60; ++round) {
    const model::Graph& graph = graphs[below(4)];
    std::vector<NamedTensor> there = trained(graph);
    for (std::uint64_t edits = 1 + below(3); edits > 0; --edits) {
      NamedTensor& edited = there[below(there.size())];
      Shape shape = edited.tensor.shape;
      if (below(4) == 0) shape.resize(below(6), 2);
      if (!shape.empty()) shape[below(shape.size())] = static_cast<std::int64_t>(below(7));
      edited.tensor = noise(shape, "edited");
    }
    const std::string file = folder.weights("a.safetensors", there);
    for (const std::string& scheme : schemes) {
      const std::string whole = scheme + (scheme.find(':') == scheme.npos ? ":file=" : ",file=") + file;
      try {
        start(graphs[below(4)], whole);
        ++taken;
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(file));
        ++refused;
      }
    }
  }
  EXPECT_GT(taken, 20);
  EXPECT_GT(refused, 200);
}

TEST(SchemeFiles, AreReadOnceByAllThatHoldThem) {
  const Folder folder;
  const std::string file = folder.weights("a.safetensors", {{"fc.weight", counted({2, 2})}});
  const Spec scheme = parse_spec("from_weights:file=" + file);
  const WeightContext context = linear_context(2, 2);
  const auto drawn = [&] { return filled(scheme.text(), context).values; };
  const std::string checksum = contents_checksum(scheme);
  {
    const SchemeFiles held(scheme);
    folder.weights("a.safetensors", {{"fc.weight", noise({2, 2}, "other")}});
    EXPECT_THAT(drawn(), ElementsAre(0, 1, 2, 3)) << "as it was when it was read";
    EXPECT_EQ(contents_checksum(scheme), checksum);
    std::filesystem::remove(file);
    EXPECT_THAT(drawn(), ElementsAre(0, 1, 2, 3));
    folder.weights("a.safetensors", {{"fc.weight", noise({2, 2}, "other")}});
  }
  EXPECT_EQ(drawn(), noise({2, 2}, "other").values);
  EXPECT_NE(contents_checksum(scheme), checksum);
  std::filesystem::remove(file);
  EXPECT_THAT([&] { SchemeFiles{scheme}; }, ThrowsMessage<Error>(HasSubstr(file)));
}

TEST(SchemeFiles, OfPoliciesMayNameNetworkSchemes) {
  const Folder folder;
  const model::Graph small = build("vanilla:depth=4,width=4"), wide = build("vanilla:depth=4,width=8");
  folder.weights("a.safetensors", trained(small));
  const std::string policy = folder.text("a.policy", "fc.weight zeros\n* net2wider:file=a.safetensors\n");
  const std::vector<NamedTensor> here = start(wide, "policy:file=" + policy);
  EXPECT_THAT(tensor_of(here, "fc.weight").values, Each(0.0f));
  EXPECT_EQ(tensor_of(here, "conv3.weight").values,
            tensor_of(start(wide, "net2wider:file=" + (folder / "a.safetensors")), "conv3.weight").values);
}

}  // namespace
}  // namespace fanin::init
