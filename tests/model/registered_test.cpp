// Models of one's own: built by name like any other, refused with the reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanin/base/error.h"
#include "fanin/model/builders.h"

namespace fanin::model {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

CustomModel one_layer(std::string name) {
  CustomModel model;
  model.name = std::move(name);
  model.summary = "Hidden layer and logits";
  model.options = {{"width", OptionKind::integer, "8", 1, 1000, "", "hidden units"}};
  model.build = [](const Options& options, const Shape& input, std::int64_t classes) {
    Graph graph("one_layer", input);
    const ValueId flat = graph.add("flatten", Flatten{}, {graph.input()});
    const ValueId hidden = graph.add("hidden", Linear{.out_features = options.integer("width")}, {flat});
    const ValueId active = graph.add("relu", Activation{}, {hidden});
    graph.add("logits", Linear{.out_features = classes}, {active});
    return graph;
  };
  return model;
}

TEST(RegisteredModel, IsBuiltByNameLikeAnyOther) {
  register_model(one_layer("one_layer"));
  const Graph graph = build_model(parse_spec("one_layer:width=5"), {1, 4, 4}, 3);
  EXPECT_EQ(graph.parameter(graph.find_parameter("hidden.weight")).shape, (Shape{5, 16}));
  EXPECT_EQ(graph.classes(), 3);
  EXPECT_THAT(
      [] {
        build_model(parse_spec("one_layer:width=0"), {1, 4, 4}, 3);
      },
      ThrowsMessage<Error>(HasSubstr("option 'width' of model 'one_layer' is 0")));
  EXPECT_THAT(
      [] {
        build_model(parse_spec("one_layr"), {1, 4, 4}, 3);
      },
      ThrowsMessage<Error>(HasSubstr("did you mean 'one_layer'?")));
}

TEST(RegisteredModel, IsRefusedWithTheReason) {
  const auto refused = [](const CustomModel& model, const std::string& message) {
    EXPECT_THAT([&] { register_model(model); }, ThrowsMessage<Error>(HasSubstr(message)));
  };
  refused(one_layer("resnet20"), "model 'resnet20' cannot be registered: Fanin has one of that name");
  refused(one_layer("my-net"), "a model cannot be named 'my-net'");
  register_model(one_layer("again"));
  refused(one_layer("again"), "model 'again' is registered already");
  CustomModel model = one_layer("empty");
  model.build = nullptr;
  refused(model, "model 'empty' has no function");
}

TEST(RegisteredModel, MustHaveTheInputAndTheClassesThatAreAsked) {
  CustomModel model = one_layer("always_ten");
  model.build = [build = model.build](const Options& options, const Shape& input, std::int64_t) {
    return build(options, input, 10);
  };
  register_model(model);
  EXPECT_NO_THROW(build_model(parse_spec("always_ten"), {1, 4, 4}, 10));
  EXPECT_THAT(
      [] {
        build_model(parse_spec("always_ten"), {1, 4, 4}, 3);
      },
      ThrowsMessage<Error>("model 'always_ten' built a network from 1x4x4 to 10 classes; asked for 1x4x4 to 3"));
}

}  // namespace
}  // namespace fanin::model
