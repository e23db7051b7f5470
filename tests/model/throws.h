// The text of the Error that a call throws, "" when it throws none: error texts are part of the interface.
#pragma once
#include <string>

#include "fanin/base/error.h"

namespace fanin::testing {

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace fanin::testing
