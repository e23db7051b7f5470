// The whole program behind main(): finds the command, runs it, turns errors into messages and exit codes.
#pragma once

namespace fanin::cli {

/// 0: done; 1: the environment failed; 2: the user's mistake (usage or input); 130: interrupted.
int run(int argc, char** argv);

}  // namespace fanin::cli
