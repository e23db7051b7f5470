// What introductory articles write, kept as they write it so that it can be compared.
#include <cmath>

#include "fanin/random/stream.h"
#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

Applied centred_normal(const WeightContext& context, double std, std::span<float> out) {
  const random::Stream stream = random::make_stream(context.seed, context.name, random::Purpose::initialize);
  random::fill_normal(out, stream, 0.0f, static_cast<float>(std));
  return {std};
}

}  // namespace

Applied textbook_random(const WeightContext& context, const Options&, std::span<float> out) {
  return centred_normal(context, 0.01, out);
}

Applied textbook_xavier(const WeightContext& context, const Options&, std::span<float> out) {
  require_matrix(context, "textbook_xavier");
  return centred_normal(context, std::sqrt(2.0 / static_cast<double>(context.shape[0] + context.shape[1])), out);
}

}  // namespace fanin::init::schemes
