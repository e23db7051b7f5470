// Net2Net: wider and deeper networks that compute what the smaller one did, and each refusal.
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

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// Net2Net.

TEST(Net2Wider, KeepsTheFunction) {
  const Folder folder;
  const std::pair<model::Graph, model::Graph> pairs[] = {
      {build("vanilla:depth=4,width=4"), build("vanilla:depth=4,width=9")},
      {build("vanilla:depth=4,width=4,norm=batch,activation=gelu"),
       build("vanilla:depth=4,width=8,norm=batch,activation=gelu")},
      {build("mlp:hidden=6,layers=3"), build("mlp:hidden=20,layers=3")},
      {branched(4), branched(10)},
      {build("resnet20"), build("resnet20")},
  };
  for (const auto& [small, wide] : pairs) {
    SCOPED_TRACE(wide.name());
    const std::vector<NamedTensor> there = trained(small);
    const std::string scheme = "net2wider:file=" + folder.weights("a.safetensors", there);
    const reference::Array before = outputs(small, there);
    EXPECT_LT(difference(before, outputs(wide, start(wide, scheme + ",noise=0"))), 1e-5);
    const double moved = difference(before, outputs(wide, start(wide, scheme)));
    EXPECT_LT(moved, 0.05) << "the noise is small";
    if (small.trainable_count() != wide.trainable_count()) {
      EXPECT_GT(moved, 1e-6);
    }
  }
}

TEST(Net2Wider, CopiesUnitsThatItDraws) {
  const Folder folder;
  const std::vector<NamedTensor> there = trained(build("mlp:hidden=6,layers=1", {8}));
  const std::string scheme = "net2wider:noise=0,file=" + folder.weights("a.safetensors", there);
  const model::Graph wide = build("mlp:hidden=200,layers=1", {8});
  const std::vector<NamedTensor> one = start(wide, scheme, 1), two = start(wide, scheme, 2);
  EXPECT_TRUE(same(one, start(wide, scheme, 1)));
  EXPECT_FALSE(same(one, two)) << "which units are copied is the seed's";
  const std::vector<float>&old_rows = tensor_of(there, "fc1.weight").values,
        &rows = tensor_of(one, "fc1.weight").values;
  EXPECT_TRUE(std::equal(old_rows.begin(), old_rows.end(), rows.begin())) << "the first units are the old ones";
  std::vector<int> copies(6, 0);
  for (std::size_t unit = 0; unit < 200; ++unit)
    for (std::size_t from = 0; from < 6; ++from)
      copies[from] += std::equal(rows.begin() + static_cast<std::ptrdiff_t>(unit * 8),
                                 rows.begin() + static_cast<std::ptrdiff_t>(unit * 8 + 8),
                                 old_rows.begin() + static_cast<std::ptrdiff_t>(from * 8));
  EXPECT_EQ(std::accumulate(copies.begin(), copies.end(), 0), 200);
  for (const int count : copies) EXPECT_NEAR(count, 33.3, 5 * std::sqrt(194.0 * 5 / 36));
}

TEST(Net2Wider, SaysWhatDoesNotCorrespond) {
  const Folder folder;
  const std::string file = folder.weights("a.safetensors", trained(build("vanilla:depth=4,width=8")));
  const auto refused = [&](const model::Graph& graph, const std::string& message) {
    EXPECT_THAT([&] { start(graph, "net2wider:file=" + file); },
                ThrowsMessage<Error>(HasSubstr("scheme 'net2wider': " + file + ": " + message)));
  };
  refused(build("vanilla:depth=4,width=6"), "'conv1' has 8 outputs there and 6 here; expected no fewer here");
  refused(build("vanilla:depth=5,width=8"), "no tensor 'conv5.weight'");
  refused(build("vanilla:depth=3,width=8"), "'conv4.bias' is taken by no layer of the network");
  refused(build("vanilla:depth=4,width=8", {1, 8, 8}, 12),
          "'fc' has 10 outputs there and 12 here; expected the same classes");
  refused(build("vanilla:depth=4,width=16", {3, 8, 8}), "'conv1.weight' has shape 8x1x3x3; expected 8x3x3x3");
  EXPECT_THAT([&] { filled("net2wider:file=" + file, conv_context(4, 4, 3)); },
              ThrowsMessage<Error>("scheme 'net2wider' needs a whole network; 'conv.weight' is a single tensor"));
}

TEST(Net2Deeper, KeepsTheFunction) {
  const Folder folder;
  struct Case {
    const char *small, *deep, *options;
  };
  for (const Case& c : {Case{"vanilla:depth=4,width=6", "vanilla:depth=7,width=6", ""},
                        Case{"vanilla:depth=4,width=6,norm=batch", "vanilla:depth=7,width=6,norm=batch", ""},
                        Case{"mlp:hidden=12,layers=2", "mlp:hidden=12,layers=4", "map=fc5:fc3+fc3:new+fc4:new,"},
                        Case{"vgg11:norm=batch", "vgg13:norm=batch", ""}, Case{"resnet20", "resnet32", ""},
                        Case{"resnet20:norm=none", "resnet32:norm=none", ""},
                        Case{"resnet20:branch_scale=scalar", "resnet32:branch_scale=scalar", ""}}) {
    SCOPED_TRACE(c.deep);
    const model::Graph small = build(c.small), deep = build(c.deep);
    const std::vector<NamedTensor> there = trained(small);
    const std::string scheme =
        std::string("net2deeper:") + c.options + "file=" + folder.weights("a.safetensors", there);
    EXPECT_LT(difference(outputs(small, there), outputs(deep, start(deep, scheme))), 1e-5);
  }
}

TEST(Net2Deeper, GivesNewNormsTheMomentsThatTheyMeet) {
  const Folder folder;
  const model::Graph small = build("vanilla:depth=4,width=6,norm=batch"),
                     deep = build("vanilla:depth=6,width=6,norm=batch");
  const std::vector<NamedTensor> there = trained(small);
  const std::vector<NamedTensor> here = start(deep, "net2deeper:file=" + folder.weights("a.safetensors", there));
  for (std::size_t c = 0; c < 6; ++c) {
    // Of relu(N(beta, gamma^2)): mean = beta Phi(a) + gamma phi(a), a = beta / gamma.
    const double beta = tensor_of(there, "bn4.bias").values[c], gamma = tensor_of(there, "bn4.weight").values[c];
    const double a = beta / gamma, below = 0.5 * std::erfc(-a / std::sqrt(2.0)),
                 density = std::exp(-a * a / 2) / std::sqrt(2 * 3.14159265358979);
    const double mean = beta * below + gamma * density,
                 second = (beta * beta + gamma * gamma) * below + beta * gamma * density;
    for (const char* norm : {"bn5", "bn6"}) {
      const std::string name = norm;
      EXPECT_NEAR(tensor_of(here, name + ".running_mean").values[c], mean, 1e-6);
      EXPECT_NEAR(tensor_of(here, name + ".bias").values[c], mean, 1e-6);
      EXPECT_NEAR(tensor_of(here, name + ".running_var").values[c], second - mean * mean, 1e-6);
      EXPECT_NEAR(tensor_of(here, name + ".weight").values[c], std::sqrt(second - mean * mean + 1e-5), 1e-6);
    }
  }
}

TEST(Net2Deeper, SaysWhatDoesNotCorrespond) {
  const Folder folder;
  const auto refused = [&](const char* small, const char* deep, const std::string& message) {
    const std::string file = folder.weights("a.safetensors", trained(build(small)));
    EXPECT_THAT([&] { start(build(deep), "net2deeper:file=" + file); }, ThrowsMessage<Error>(HasSubstr(message)));
  };
  refused("vanilla:depth=4,width=6,activation=tanh", "vanilla:depth=5,width=6,activation=tanh",
          "the new layer 'conv5' is followed by tanh, which changes what the layer passes on; expected relu before and "
          "behind it");
  refused("vanilla:depth=4,width=6", "vanilla:depth=5,width=8",
          "'conv1.weight' has shape 6x1x3x3; expected 8x1x3x3 for the network's 'conv1.weight' (option map: layers of "
          "other names)");
  refused("vanilla:depth=2,width=6", "vanilla:depth=3,width=6",
          "no 'conv3.weight', and 'conv3' here cannot start as the identity: it makes 6x2x2 of 6x4x4");
  refused("vanilla:depth=5,width=6", "vanilla:depth=4,width=6", "'conv5.bias' is taken by no layer of the network");
  refused(
      "mlp:hidden=12,layers=2", "mlp:hidden=12,layers=3",
      "no 'fc4.weight', and 'fc4' here cannot start as the identity: it makes 10 of 12 (option map: layers of other "
      "names)");
}

}  // namespace
}  // namespace fanin::init
