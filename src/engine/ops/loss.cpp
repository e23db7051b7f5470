// The loss behind the logits: softmax cross-entropy, in training with its gradient.
#include "engine/kernels/loss.h"
#include "engine/ops/op.h"

namespace fanin::engine {

BufferId emit_loss(Lowering& to, double label_smoothing) {
  const model::Graph& graph = to.graph();
  const std::int64_t classes = graph.classes();  // also checks the output's shape
  const BufferId logits = to.converted(to.value(graph.output()), plain_desc(to.dims(graph.output())));
  RunState& run = to.run();
  if (!to.training()) {
    to.kernel("softmax cross-entropy", {logits}, {}, [classes, &run](float* const* buffer) {
      const auto result = kernels::softmax_cross_entropy(buffer[0], {run.labels}, run.count, classes, nullptr);
      run.loss_sum = result.sum;
      run.correct = result.correct;
    });
    return logits;
  }
  const BufferId gradient = to.temporary("d(logits)", to.desc(logits));
  to.kernel("softmax cross-entropy and its gradient", {logits}, {gradient},
            [classes, n = to.batch(), label_smoothing, &run](float* const* buffer) {
              const auto result = kernels::softmax_cross_entropy(
                  buffer[0], {run.labels, label_smoothing, run.partner_labels, run.share}, n, classes, buffer[1]);
              run.loss_sum = result.sum;
              run.correct = result.correct;
            });
  if (to.wants_gradient(graph.output())) to.contribute(graph.output(), gradient);
  return logits;
}

}  // namespace fanin::engine
