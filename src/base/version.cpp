// The version comes from the build, which reads the file VERSION.
#include "fanin/base/version.h"

namespace fanin {

std::string_view version() {
  return FANIN_VERSION;
}

}  // namespace fanin
