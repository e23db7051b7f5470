// Flatten: a change to row-major where the image lies otherwise, then the same memory under other extents.
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class Flatten : public Op {
 public:
  explicit Flatten(const Group& group) : group_(group) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    plain_ = plain_desc(to.dims(group_.inputs[0]));
    const BufferId rows = to.layout(input).plain() ? input : to.converted(input, plain_);
    to.define_as(group_.output, to.alias(rows, plain_desc(to.dims(group_.output))));
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    to.contribute(group_.inputs[0], to.alias(gradient, plain_));
  }

 private:
  Group group_;
  memory::desc plain_;
};

}  // namespace

OpPointer make_flatten(const model::Graph&, const Group& group) {
  return std::make_unique<Flatten>(group);
}

}  // namespace fanin::engine
