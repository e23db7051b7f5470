// Damage for the tests of readers: cuts, flipped bits, extreme numbers, random edits. A reader's answer must be an
// Error or a valid parse, and nothing may be reserved that the file cannot fill.
#pragma once
#include <cstdint>
#include <functional>

#include "formats/samples.h"

namespace fanin::testing {

/// Parses and gives the content as bytes, to be compared.
using Parser = std::function<Bytes(const Bytes&)>;

struct Counts {
  int errors = 0, same = 0, different = 0;
};

/// Parses; anything but an Error with a text is let through.
void try_one(const Parser& parse, const Bytes& bytes, const Bytes& original, Counts& counts);

/// Extreme numbers of two, four and eight bytes in both byte orders at every place: sizes, counts and offsets. Fails
/// where a block of more than `most_reserved` bytes is asked for or fewer than `least_errors` are refused.
void set_numbers(const Parser& parse, const Bytes& file, std::size_t most_reserved, int least_errors = 500);

Counts cut_everywhere(const Parser& parse, const Bytes& file);

/// Flips every bit, then makes `edits` changes of one to four bytes each: set, inserted, erased.
Counts flip_and_edit(const Parser& parse, const Bytes& file, int edits);

}  // namespace fanin::testing
