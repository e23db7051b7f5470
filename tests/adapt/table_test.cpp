// Every row of the table of schemes has one function, here or in init/; every scheme starts every network or says why
// not; results are the same again and again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "adapt/helpers.h"
#include "adapt/scheme.h"
#include "fanin/base/error.h"
#include "init/fill.h"

namespace fanin::adapt {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

bool runs_network(const init::SchemeInfo& row) {
  return row.needs == init::Needs::batch || row.needs == init::Needs::gradient;
}

TEST(AdaptTable, HasExactlyOneFunctionForEachRowHereOrInInit) {
  for (const init::SchemeInfo& row : init::scheme_table())
    EXPECT_EQ(std::ranges::count(init::scheme_functions(), row.name, &init::SchemeEntry::name) +
                  std::ranges::count(scheme_functions(), row.name, &SchemeEntry::name),
              1)
        << row.name;
  EXPECT_EQ(init::scheme_functions().size() + scheme_functions().size(), init::scheme_table().size());
  for (const SchemeEntry& entry : scheme_functions()) {
    const init::SchemeInfo& row = init::find_scheme(entry.name);
    EXPECT_TRUE(runs_network(row)) << row.name;
    EXPECT_FALSE(row.proof.empty()) << row.name;
  }
}

TEST(AdaptTable, GivesEverySchemeByNameOrSaysWhyNot) {
  for (const char* model : {"vanilla:depth=4,width=6", "mlp:layers=2,hidden=12", "resnet20:norm=none"}) {
    const model::Graph graph = build(model, {1, 12, 12}, 4);
    const Samples samples(field(16, {1, 12, 12}, 4));
    int refused = 0;
    for (const init::SchemeInfo& row : init::scheme_table()) {
      Spec spec{std::string(row.name), {}};
      for (const OptionInfo& option : row.options)
        if (option.key == "steps") spec.options.emplace_back("steps", "1");
      try {
        const std::vector<NamedTensor> state = initialize(graph, spec, 1, samples);
        ASSERT_EQ(state.size(), graph.parameters().size()) << row.name;
        for (const NamedTensor& entry : state)
          EXPECT_TRUE(std::ranges::all_of(entry.tensor.values, [](float value) { return std::isfinite(value); }))
              << model << " " << row.name << " " << entry.name;
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("scheme '" + spec.name + "'")) << model;
        refused += runs_network(row);
      }
    }
    EXPECT_EQ(refused, 0) << model;
  }
}

TEST(AdaptTable, SaysThatABatchIsNeeded) {
  const model::Graph graph = build("lenet5");
  for (const SchemeEntry& entry : scheme_functions()) {
    const Spec spec{std::string(entry.name), {}};
    EXPECT_THAT([&] { init::initialize(graph, spec, 1); },
                ThrowsMessage<Error>(HasSubstr("expected a whole network and a batch of images")))
        << entry.name;
    if (!entry.images) continue;
    const std::string message =
        "scheme '" + spec.name +
        "' looks at images, but there are none; expected a data set (--data) or a batch of images";
    EXPECT_THAT([&] { initialize(graph, spec, 1); }, ThrowsMessage<Error>(message));
    EXPECT_THAT([&] { check(graph, spec, 1); }, ThrowsMessage<Error>(message));
    EXPECT_THAT(
        [&] {
          initialize(graph, spec, 1, Samples(field(8, {3, 32, 32}, 10)));
        },
        ThrowsMessage<Error>("scheme '" + spec.name + "' is given images of 3x32x32; the network takes 1x28x28"));
  }
}

TEST(AdaptTable, GivesTheSameBitsAgainAndBesideOtherWork) {
  const model::Graph graph = build("vanilla:depth=4,width=6", {1, 12, 12}, 4);
  const Samples samples(field(40, {1, 12, 12}, 4));
  for (const SchemeEntry& entry : scheme_functions()) {
    Spec spec{std::string(entry.name), {}};
    for (const OptionInfo& option : init::find_scheme(entry.name).options)
      if (option.key == "steps") spec.options.emplace_back("steps", "2");
    const std::vector<NamedTensor> alone = initialize(graph, spec, 3, samples);
    std::vector<std::vector<NamedTensor>> together(2);
    {
      std::vector<std::jthread> threads;
      for (std::vector<NamedTensor>& state : together)
        threads.emplace_back([&] { state = initialize(graph, spec, 3, samples); });
    }
    for (const std::vector<NamedTensor>& state : together)
      for (std::size_t i = 0; i < state.size(); ++i)
        EXPECT_EQ(state[i].tensor.values, alone[i].tensor.values) << entry.name << " " << state[i].name;
  }
}

TEST(AdaptTable, StopsWhenAsked) {
  const model::Graph graph = build("lenet5");
  const Samples samples(field(8, {1, 28, 28}, 10));
  std::stop_source source;
  source.request_stop();
  for (const SchemeEntry& entry : scheme_functions()) {
    if (entry.name == "class_prior" || entry.name == "patch_whitening") continue;  // run no network
    EXPECT_THROW(initialize(graph, Spec{std::string(entry.name), {}}, 1, samples, source.get_token()), Interrupted)
        << entry.name;
  }
}

TEST(AdaptTable, NamesTheSchemeWhoseBaseIsWrong) {
  const model::Graph graph = build("lenet5");
  const Samples samples(field(8, {1, 28, 28}, 10));
  EXPECT_THAT([&] { initialize(graph, parse_spec("lsuv:base=hee_normal"), 1, samples); },
              ThrowsMessage<Error>(HasSubstr("unknown scheme 'hee_normal'; did you mean 'he_normal'?")));
  EXPECT_THAT([&] { check(graph, parse_spec("lsuv:base=:x"), 1, samples); },
              ThrowsMessage<Error>(HasSubstr("option 'base' of scheme 'lsuv'")));
  EXPECT_THAT([&] { check(graph, parse_spec("lsuv:base=he_normal:mode=fan"), 1, samples); },
              ThrowsMessage<Error>(HasSubstr("option 'mode' of scheme 'he_normal' is 'fan'")));
}

TEST(Samples, AreTheSplitsImagesNormalizedAndGoRound) {
  data::Images images{3, 1, 1, 2, {0, 255, 10, 20, 30, 40}, {2, 0, 1}};
  const std::vector<std::uint32_t> indices = {2, 0};
  const data::Normalization normalization{{0.5F}, {0.25F}};
  const Samples samples(images, indices, normalization);
  EXPECT_EQ(samples.size(), 2);
  const Batch batch = samples.take(1, 3);
  EXPECT_EQ(batch.labels, (std::vector<std::int32_t>{2, 1, 2}));
  EXPECT_EQ(batch.images.shape, (Shape{3, 1, 1, 2}));
  EXPECT_FLOAT_EQ(batch.images.values[0], -2);
  EXPECT_FLOAT_EQ(batch.images.values[1], 2);
  EXPECT_FLOAT_EQ(batch.images.values[2], (30 / 255.0F - 0.5F) / 0.25F);
  EXPECT_EQ(samples.label_counts(3), (std::vector<std::int64_t>{0, 1, 1}));
  EXPECT_THROW(samples.label_counts(2), Error);
  EXPECT_THROW(Samples().take(0, 1), Error);
}

}  // namespace
}  // namespace fanin::adapt
