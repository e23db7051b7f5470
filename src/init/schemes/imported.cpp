// Schemes that need a whole network's plan (src/init/network_plan.cpp): what they say of a single tensor.
#include <fmt/format.h>

#include "fanin/base/error.h"
#include "init/policy.h"
#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

[[noreturn]] void need_network(const WeightContext& context, std::string_view scheme) {
  throw Error(fmt::format("scheme '{}' needs a whole network; '{}' is a single tensor", scheme, context.name));
}

}  // namespace

Applied policy(const WeightContext& context, const Options& options, std::span<float> out) {
  const Spec spec{"policy", {{"file", options.text("file")}}};
  const FillReport report = fill_by_policy(*policy_of(spec), context, out);
  return {report.target_std, report.gain};
}

Applied net2wider(const WeightContext& context, const Options&, std::span<float>) {
  need_network(context, "net2wider");
}

Applied net2deeper(const WeightContext& context, const Options&, std::span<float>) {
  need_network(context, "net2deeper");
}

}  // namespace fanin::init::schemes
