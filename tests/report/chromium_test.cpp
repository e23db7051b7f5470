// The page in headless Chromium: every chart drawn, nothing on the console, no sideways scrolling, hostile text inert.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fanin/report/report.h"
#include "report/browser.h"
#include "report/synthetic.h"

namespace fanin::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

compare::Results all_diverged() {
  auto results = plain_network_results();
  for (auto& scheme : results.schemes) {
    for (auto& trial : scheme.trials) {
      trial.diverged_at = 3;
      trial.curve.resize(1);
      trial.test_accuracy.reset();
      trial.profile_end.reset();
      for (auto& layer : trial.profile_start->layers) layer.activation_rms = layer.gradient_rms = INFINITY;
    }
    for (auto& rate : scheme.rates) {
      rate.diverged = true;
      rate.score = std::nan("");
    }
    scheme.diverged = 3;
    scheme.test_accuracy = {};
  }
  return results;
}

compare::Results one_scheme_one_seed() {
  auto results = plain_network_results();
  results.schemes.resize(1);
  results.schemes[0].trials.resize(1);
  results.schemes[0].test_accuracy = {0.9, std::nan(""), std::nan(""), std::nan(""), 1};
  results.ranking = {0};
  results.pairs.clear();
  return results;
}

std::string page(const char* title, const compare::Results& results) {
  return render_html({{title, results}}, a_machine());
}

void expect_drawn(const Visits& visits, std::size_t pages) {
  EXPECT_THAT(visits.console, IsEmpty());
  ASSERT_EQ(visits.seen.size(), pages) << visits.seen.dump(1);
  for (const auto& [name, seen] : visits.seen.items()) {
    SCOPED_TRACE(name);
    EXPECT_GT(seen["charts"], 0);
    EXPECT_EQ(seen["drawn"], seen["charts"]);
    EXPECT_EQ(seen["empty"], json::array()) << "charts without marks";
    EXPECT_EQ(seen["failed"], json::array());
    EXPECT_EQ(seen["too_wide"], json::array());
    EXPECT_EQ(seen["bad_paths"], 0);
    EXPECT_EQ(seen["page_width"], seen["width"]) << "the page scrolls sideways";
    EXPECT_EQ(seen["errors"], json::array());
    EXPECT_EQ(seen["violations"], json::array());
    EXPECT_EQ(seen["globals"], json::array());
    EXPECT_EQ(seen["scripts"], 2) << "the page's own and the probe's";
    EXPECT_EQ(seen["images"], 0);
    EXPECT_FALSE(seen["pwned"]);
  }
}

TEST(Chromium, DrawsEveryChartInLight) {
  const std::string plain = page("plain CNN", plain_network_results());
  const auto visits = visit(
      {{"wide", plain, 1280}, {"phone", plain, 390}, {"many", page("many", many_schemes_results(4)), 390}}, false);
  expect_drawn(visits, 3);
  for (const auto& [name, width] : {std::pair{"wide", 1280}, {"phone", 390}}) {
    const json& seen = visits.seen[name];
    EXPECT_EQ(seen["width"], width);
    EXPECT_EQ(seen["charts"], 14);  // curves 2, accuracy 2, sensitivity 1, depth 6, weights 3
    EXPECT_FALSE(seen["dark"]);
    EXPECT_EQ(seen["paper"], "rgb(255, 255, 255)");
    EXPECT_EQ(seen["title"], "Fanin: plain CNN");
  }
}

TEST(Chromium, DrawsEveryChartInDark) {
  const std::string plain = page("plain CNN", plain_network_results());
  const auto visits = visit({{"wide", plain, 1280}, {"phone", plain, 390}}, true);
  expect_drawn(visits, 2);
  for (const auto& [name, seen] : visits.seen.items()) {
    EXPECT_TRUE(seen["dark"]) << name;
    EXPECT_EQ(seen["paper"], "rgb(20, 23, 27)") << name;
    EXPECT_EQ(seen["label"], "rgb(169, 178, 189)") << "a chart's labels follow the page: " << name;
  }
}

TEST(Chromium, KeepsHostileTextAsText) {
  const std::string hostile =
      render_html({{hostile_name, hostile_results()}, {"second", hostile_results()}}, {hostile_name, hostile_name, 1});
  const auto visits = visit({{"wide", hostile, 1280}, {"phone", hostile, 390}}, false);
  expect_drawn(visits, 2);
  for (const auto& [name, seen] : visits.seen.items()) {
    EXPECT_EQ(seen["title"], "Fanin: initial weights compared");
    EXPECT_THAT(seen["text"].get<std::string>(),
                HasSubstr("he </script><script>document.title=\"x\"</script><!--<script>"));
  }
}

TEST(Chromium, DrawsWhatIsPartial) {
  const auto visits = visit(
      {{"one", page("one", one_scheme_one_seed()), 390}, {"diverged", page("diverged", all_diverged()), 1280}}, false);
  expect_drawn(visits, 2);
}

TEST(Chromium, TellsABrokenPage) {  // the instrument itself
  const auto visits = visit({{"broken",
                              "<!DOCTYPE html><html><head></head><body><div class=\"chart\" aria-label=\"c\"></div>"
                              "<script>document.documentElement.dataset.charts = 1; console.error('broken');</script>"
                              "<div style=\"width:2000px\">wide</div></body></html>",
                              390}},
                            false);
  EXPECT_THAT(visits.console, testing::ElementsAre(HasSubstr("broken")));
  const json& seen = visits.seen["broken"];
  EXPECT_EQ(seen["drawn"], 0);
  EXPECT_EQ(seen["empty"], json::array({"c"}));
  EXPECT_GT(seen["page_width"], seen["width"]);
}

}  // namespace
}  // namespace fanin::report
