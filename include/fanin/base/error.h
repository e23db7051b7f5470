// The errors that Fanin throws. A message is one sentence: what was given, where, and what was expected.
#pragma once
#include <stdexcept>

namespace fanin {

/// The user's mistake: bad usage or bad input (a file, an option, a network). The program exits with 2.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The environment failed although the request was sound: disk full, out of memory. The program exits with 1.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The work was stopped on request (Ctrl-C, a stop token). What was recorded is kept. The program exits with 130.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace fanin
