// The program `fanin`.
#include "cli/run.h"

int main(int argc, char** argv) {
  return fanin::cli::run(argc, argv);
}
