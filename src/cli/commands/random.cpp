// `fanin random --raw`: the words behind the weights as bytes, for test batteries of random numbers.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/values.h"
#include "fanin/random/stream.h"

namespace fanin::cli {

namespace {

constexpr std::size_t words_at_once = std::size_t{1} << 16;
constexpr std::int64_t most_bytes = std::int64_t{1} << 62;

}  // namespace

int run_random(const Arguments& arguments) {
  if (!arguments.given("--raw")) throw UsageError("random has nothing to do; expected --raw");
  const random::Stream stream =
      random::make_stream(seed(arguments), arguments.text("--name"), random::Purpose::initialize);
  std::int64_t left = arguments.given("--bytes") ? integer(arguments, "--bytes", 0, most_bytes) : most_bytes;
  if (isatty(STDOUT_FILENO) != 0)
    throw UsageError("--raw writes binary data; expected a file or a pipe, not a terminal");

  const StopOnSignal stop;
  std::vector<std::uint32_t> words(words_at_once);
  for (std::uint64_t first = 0; left > 0; first += words.size()) {
    if (stop.token().stop_requested()) throw Interrupted();
    random::fill_bits(words, stream, first);
    const auto count =
        static_cast<std::size_t>(std::min(left, static_cast<std::int64_t>(words.size() * sizeof(std::uint32_t))));
    if (std::fwrite(words.data(), 1, count, stdout) != count) throw Failure("standard output cannot be written");
    left -= static_cast<std::int64_t>(count);
  }
  return 0;
}

}  // namespace fanin::cli
