// The page as text: escaping, the security policy, and results that lack something.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "fanin/report/report.h"
#include "report/assets.h"
#include "report/sha256.h"
#include "report/synthetic.h"

namespace fanin::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::string page_of(const compare::Results& results) {
  return render_html({{"plain CNN", results}}, a_machine());
}

std::vector<nlohmann::json> chart_specs(const std::string& page) {
  constexpr std::string_view opening = "<script type=\"application/json\">";
  std::vector<nlohmann::json> specs;
  for (std::size_t at = page.find(opening); at != std::string::npos; at = page.find(opening, at + 1)) {
    const std::size_t first = at + opening.size(), last = page.find("</script>", first);
    specs.push_back(nlohmann::json::parse(page.substr(first, last - first)));  // throws: the test fails
  }
  return specs;
}

// Every chart has a specification that parses, and no element is left open.
void expect_whole(const std::string& page) {
  EXPECT_EQ(chart_specs(page).size(), count(page, "class=\"chart\""));
  EXPECT_EQ(count(page, "<section"), count(page, "</section>"));
  EXPECT_EQ(count(page, "<figure>"), count(page, "</figure>"));
  EXPECT_EQ(count(page, "<table>"), count(page, "</table>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

TEST(Page, OfManySchemesTheLeadersStandOut) {
  const compare::Results results = many_schemes_results(6);
  ASSERT_GT(results.schemes.size(), 12u);
  const std::string page = page_of(results);
  expect_whole(page);
  EXPECT_THAT(page, HasSubstr(std::to_string(results.schemes.size() - 8) + " more, named where you point at them"));
  EXPECT_THAT(page, HasSubstr("Only the leading schemes are drawn."));
  std::set<std::string> looks;  // of the leaders' lines in the first chart
  const nlohmann::json scales = chart_specs(page).front()["scales"];
  std::size_t grey = 0;
  for (std::size_t s = 0; s < results.schemes.size(); ++s) {
    const std::string color = scales[0]["range"][s];
    if (color == "var(--axis)")
      ++grey;
    else
      looks.insert(color + scales[1]["range"][s].dump());
  }
  EXPECT_EQ(looks.size(), 8u);
  EXPECT_EQ(grey, results.schemes.size() - 8);
}

TEST(Page, ARateThatWasGivenIsNoSensitivity) {
  compare::Results results = plain_network_results();
  for (auto& scheme : results.schemes) {
    scheme.rates.resize(1);
    scheme.rates[0].score = scheme.rates[0].validation_accuracy = std::numeric_limits<double>::quiet_NaN();
    scheme.rates[0].diverged = false;
    scheme.rates[0].steps = 0;
  }
  EXPECT_THAT(page_of(results), HasSubstr("One learning rate was given to all schemes; none was tried beside it."));
}

TEST(Page, SaysTheConclusionBeforeTheTableBeforeTheReasons) {
  const std::string page = page_of(plain_network_results());
  expect_whole(page);
  const auto conclusion = page.find("orthogonal and he_normal train best"), table = page.find("<table>"),
             curves = page.find("Learning curves"), accuracy = page.find("Final test accuracy"),
             rates = page.find("Sensitivity to the learning rate"), depth = page.find("Signal: activations"),
             dead = page.find("Dead units</h4>"), weights = page.find("Initial weights</h4>"),
             command = page.find("fanin compare --model");
  EXPECT_LT(conclusion, table);
  EXPECT_LT(table, curves);
  EXPECT_LT(curves, accuracy);
  EXPECT_LT(accuracy, rates);
  EXPECT_LT(rates, depth);
  EXPECT_LT(depth, dead);
  EXPECT_LT(dead, weights);
  EXPECT_LT(weights, command);
  ASSERT_NE(command, std::string::npos);
}

TEST(Page, NamesMachineVersionsSeedsDataAndNormalization) {
  const std::string page = page_of(plain_network_results());
  for (const char* text : {"Imagined CPU", "bookworm", "0.1.0", "AVX-512", "oneDNN 2.6.3", "0 to 2", "0.286", "0.353",
                           "20,000 for training", "fashion-mnist from /usr/share"})
    EXPECT_THAT(page, HasSubstr(text));
}

TEST(Page, IsTheSameForTheSameResults) {
  EXPECT_EQ(page_of(plain_network_results()), page_of(plain_network_results()));
}

TEST(Page, AdmitsItsOwnScriptAndNothingElse) {
  const std::string page = page_of(plain_network_results());
  const std::size_t first = page.rfind("<script>") + 8, last = page.find("</script>", first);
  EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src '" + script_hash(page.substr(first, last - first)) +
                              "'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"));
  EXPECT_EQ(count(page, "<script>"), 1U);
  EXPECT_THAT(page, Not(HasSubstr(" src=\"")));
  EXPECT_THAT(std::string(assets::vega_script), Not(HasSubstr("</script")));
}

TEST(Page, CarriesTheNotices) {
  const std::string page = page_of(plain_network_results());
  EXPECT_THAT(page, HasSubstr("University of Washington Interactive Data Lab"));
  EXPECT_THAT(page, HasSubstr("Mike Bostock"));
}

TEST(Page, KeepsHostileTextAsText) {
  const std::string page =
      render_html({{hostile_name, hostile_results()}, {"", hostile_results()}}, {hostile_name, hostile_name, 2});
  expect_whole(page);
  EXPECT_THAT(page, Not(HasSubstr("<script>document")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_EQ(count(page, "<script>"), 1U);
  EXPECT_THAT(page, Not(HasSubstr("<!--")));
  EXPECT_THAT(page, HasSubstr("he &lt;/script&gt;&lt;script&gt;"));
}

// All strings under keys that Vega takes as code or as the name of a field.
void expect_no_user_text(const nlohmann::json& value, const std::string& key) {
  const std::set<std::string> code{"signal", "expr", "test", "field", "title", "groupby", "scale", "name"};
  if (value.is_string() && code.contains(key)) {
    EXPECT_THAT(value.get<std::string>(), Not(HasSubstr("onerror"))) << key;
  }
  if (value.is_object())
    for (const auto& [inner, member] : value.items())
      if (inner != "values") expect_no_user_text(member, inner);  // data
  if (value.is_array())
    for (const auto& member : value) expect_no_user_text(member, key);
}

TEST(Page, NoUserTextStandsInAnExpressionOrFieldName) {
  const auto specs = chart_specs(page_of(hostile_results()));
  EXPECT_EQ(specs.size(), 14U);
  for (const auto& spec : specs) expect_no_user_text(spec, "");
}

TEST(Page, LinksItsRunsAndTheirParts) {
  const auto results = plain_network_results();
  const std::string several = render_html({{"first run", results}, {"second run", results}}, a_machine());
  EXPECT_THAT(several, HasSubstr("<a href=\"#run-2\">second run</a>"));
  const std::string pages[] = {several, page_of(results)};
  for (const std::string& page : pages) {
    constexpr std::string_view link = "href=\"#";
    std::size_t links = 0;
    for (std::size_t at = page.find(link); at != std::string::npos; at = page.find(link, at + 1), ++links) {
      const std::size_t first = at + link.size();
      const std::string id = page.substr(first, page.find('"', first) - first);
      EXPECT_EQ(count(page, "id=\"" + id + "\""), 1U) << id;
    }
    EXPECT_GE(links, 2U);
  }
}

TEST(Page, NumbersRunsWithoutATitle) {
  EXPECT_THAT(render_html({{"", {}}, {"", {}}}, {}), HasSubstr("<a href=\"#run-2\">Run 2</a>"));
}

TEST(Page, SaysWhatIsMissing) {
  EXPECT_THAT(render_html({}, {}), HasSubstr("There is no run to report."));

  const std::string empty = page_of({});
  expect_whole(empty);
  EXPECT_THAT(empty, HasSubstr("There is no conclusion yet"));
  EXPECT_THAT(empty, HasSubstr("No scheme has a result yet."));

  auto results = plain_network_results();
  for (auto& scheme : results.schemes) {
    const Spec spec = scheme.scheme;
    scheme = {};
    scheme.scheme = spec;
  }
  results.pairs.clear();
  const std::string nothing = page_of(results);
  expect_whole(nothing);
  for (const char* text :
       {"No final trial has a curve yet.", "No trial has been tested", "No learning rate has been tried",
        "No depth profiles were recorded.", "No weight histograms were recorded.", "No differences can be judged"})
    EXPECT_THAT(nothing, HasSubstr(text));
}

TEST(Page, TakesOneSchemeAndOneSeed) {
  auto results = plain_network_results();
  results.schemes.resize(1);
  results.ranking = {0};
  results.pairs.clear();
  auto& scheme = results.schemes[0];
  scheme.trials.resize(1);
  scheme.seeds.resize(1);
  scheme.test_accuracy = {0.89, std::nan(""), std::nan(""), std::nan(""), 1};
  const std::string page = page_of(results);
  expect_whole(page);
  EXPECT_THAT(page, HasSubstr("One seed a scheme"));
  EXPECT_THAT(page, HasSubstr("89.00 %"));
  EXPECT_THAT(page, Not(HasSubstr(">nan")));
}

TEST(Page, CountsDivergedSeedsBesideTheMean) {
  auto results = plain_network_results();
  EXPECT_THAT(page_of(results), HasSubstr("1 of 3 seeds diverged"));
  for (auto& scheme : results.schemes) {
    for (auto& trial : scheme.trials) {
      trial.diverged_at = 1;
      trial.curve.resize(1);
      trial.test_accuracy.reset();
      trial.profile_end.reset();
    }
    scheme.diverged = 3;
    scheme.stalled = 0;
    scheme.test_accuracy = scheme.final_train_loss = {std::nan(""), std::nan(""), std::nan(""), std::nan(""), 0};
  }
  const std::string page = page_of(results);
  expect_whole(page);
  EXPECT_THAT(page, HasSubstr("3 diverged"));
  EXPECT_THAT(page, HasSubstr("every seed diverged"));
  EXPECT_THAT(page, Not(HasSubstr(">nan")));
}

TEST(Page, TakesNumbersThatAreNone) {
  auto results = plain_network_results();
  const double bad[] = {
      std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0, 1e-310,
      1e300};
  std::size_t next = 0;
  const auto any = [&] { return bad[next++ % std::size(bad)]; };
  for (auto& scheme : results.schemes) {
    scheme.test_accuracy = {any(), any(), any(), any(), 3};
    for (auto& rate : scheme.rates) rate.score = rate.learning_rate = any();
    for (auto& trial : scheme.trials) {
      for (auto& point : trial.curve) point.train_loss = point.validation_accuracy = any();
      for (auto* profile : {&trial.profile_start, &trial.profile_end})
        if (*profile)
          for (auto& layer : (*profile)->layers)
            layer.activation_rms = layer.gradient_rms = layer.dead_fraction = layer.histogram_low = any();
    }
  }
  const std::string page = page_of(results);
  expect_whole(page);
  EXPECT_THAT(page, HasSubstr("Triangles on the lower edge"));
  EXPECT_THAT(page, HasSubstr("Triangles on the upper edge"));
}

TEST(Page, TakesProfilesOfDifferentDepth) {
  auto results = plain_network_results();
  results.schemes[0].trials[0].profile_start->layers.resize(3);
  results.schemes[1].trials[1].profile_end->layers.clear();
  results.layer_names.resize(2);
  results.ranking = {7, 1};
  expect_whole(page_of(results));
}

}  // namespace
}  // namespace fanin::report
