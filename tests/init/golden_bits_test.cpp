// The bits of every scheme of the table on small networks: a change here changes everyone's weights.
//
// tests/init/golden/schemes.txt holds "scheme network hash", or "refused" where the scheme says that it does not apply.
// scripts/approve.sh makes it; look at the difference before you commit it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/effects.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "init/helpers.h"
#include "init/rows/rows.h"
#include "random/sha256.h"

namespace fanin::init {
namespace {

constexpr const char* file = FANIN_TESTS_DIR "/init/golden/schemes.txt";
constexpr const char* refused = "refused";

struct Network {
  std::string name, model;  // an empty model: one tensor
  Shape input = {};
};

const std::vector<Network>& networks() {
  static const std::vector<Network> all = {{"mlp", "mlp:layers=3,hidden=24", {1, 6, 6}},
                                           {"plain", "vanilla:depth=4,width=8", {3, 8, 8}},
                                           {"residual", "resnet20:norm=none,branch_scale=scalar", {3, 8, 8}},
                                           {"normalized", "resnet20", {3, 8, 8}},
                                           {"scaled", "resnet20:norm=none,branch_scale=channel", {3, 8, 8}},
                                           {"mixer", "convmixer:width=8,depth=3,kernel=5", {3, 8, 8}},
                                           {"lenet5", "lenet5", {1, 28, 28}},
                                           {"tensor", "", {}}};
  return all;
}

std::string bits(const SchemeInfo& row, const Network& network) {
  const Spec scheme{std::string(row.name), {}};
  std::vector<float> values;
  try {
    if (network.model.empty()) {
      values = filled(row.name, conv_context(24, 16, 5, 2)).values;
    } else {
      const model::Graph graph = prepare(model::build_model(parse_spec(network.model), network.input, 10), scheme);
      for (const NamedTensor& entry : initialize(graph, scheme, 1))
        values.insert(values.end(), entry.tensor.values.begin(), entry.tensor.values.end());
    }
  } catch (const Error&) {
    return refused;
  }
  return fanin::testing::sha256(values).substr(0, 32);
}

std::map<std::string, std::string> recorded() {
  std::map<std::string, std::string> rows;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string scheme, network, hash;
    words >> scheme >> network >> hash;
    rows[scheme + " " + network] = hash;
  }
  return rows;
}

TEST(GoldenSchemes, HaveTheRecordedBits) {
  const bool approve = std::getenv("FANIN_APPROVE") != nullptr;
  const std::map<std::string, std::string> golden = recorded();
  ASSERT_TRUE(approve || !golden.empty()) << file;
  std::string text;
  for (const SchemeInfo& row : scheme_table()) {
    if (row.needs == Needs::batch || row.needs == Needs::gradient) continue;  // the engine takes part in their bits
    if (rows::reads_file(row.name)) continue;  // nothing without a file: transfer_test.cpp and policy_test.cpp
    std::size_t filled_networks = 0;
    for (const Network& network : networks()) {
      const std::string key = fmt::format("{} {}", row.name, network.name), hash = bits(row, network);
      filled_networks += hash != refused;
      text += fmt::format("{} {}\n", key, hash);
      const auto found = golden.find(key);
      if (approve) continue;
      EXPECT_EQ(found == golden.end() ? "not recorded" : found->second, hash) << key;
    }
    EXPECT_GT(filled_networks, 0u) << row.name << " applies to none of the networks";
  }
  if (approve) std::ofstream(file) << text;
}

}  // namespace
}  // namespace fanin::init
