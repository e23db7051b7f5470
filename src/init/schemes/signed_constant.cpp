// One size for all weights of a layer, random signs.
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {

std::optional<Planned> signed_constant(const WeightContext& context, const Options& options) {
  const FanMode mode = parse_fan_mode(options.text("mode"));
  return scaled_law(context, "signed_constant", corrected_gain(context, options, "signed_constant", mode), mode,
                    Distribution::sign);
}

}  // namespace fanin::init::schemes
