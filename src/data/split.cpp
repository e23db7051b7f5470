// The stratified split into training and validation images.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "fanin/base/error.h"
#include "fanin/data/dataset.h"
#include "fanin/random/stream.h"

namespace fanin::data {
namespace {

using random::make_stream;
using random::Purpose;

// Draws below this number belong to classes; these two order the lists.
constexpr std::uint32_t train_order = 0xffffffff, validation_order = 0xfffffffe;

/// Cuts `total` in the proportions of `sizes` (sum `all`), each share rounded up or down and at most its room: largest
/// remainders first, then whoever has room.
std::vector<std::int64_t> proportional(std::int64_t total, const std::vector<std::int64_t>& sizes, std::int64_t all,
                                       const std::vector<std::int64_t>& room) {
  std::vector<std::int64_t> shares(sizes.size());
  std::vector<std::int64_t> remainders(sizes.size());
  std::int64_t left = total;
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    shares[c] = std::min(total * sizes[c] / all, room[c]);  // both below 2^32: the product fits
    remainders[c] = total * sizes[c] % all;
    left -= shares[c];
  }
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return remainders[a] > remainders[b]; });
  while (left > 0) {
    for (const std::size_t c : order) {
      if (left > 0 && shares[c] < room[c]) {
        ++shares[c];
        --left;
      }
    }
  }
  return shares;
}

std::vector<std::uint32_t> shuffled(const std::vector<std::uint32_t>& list, const random::Stream& stream) {
  std::vector<std::uint32_t> result;
  result.reserve(list.size());
  for (const std::uint32_t at : permutation(stream, static_cast<std::uint32_t>(list.size())))
    result.push_back(list[at]);
  return result;
}

}  // namespace

Split make_split(const Images& images, std::int64_t train_size, std::int64_t validation_size, std::uint64_t seed) {
  if (train_size < 0 || validation_size < 0) throw Error("a split's sizes cannot be negative");
  const std::int64_t left = images.count - std::min(validation_size, images.count);
  if (validation_size > images.count || left < std::max<std::int64_t>(train_size, 1)) {
    throw Error(fmt::format("{} training images are too few for {} to train on and {} to validate on", images.count,
                            train_size > 0 ? train_size : 1, validation_size));
  }
  const std::int64_t wanted = train_size > 0 ? train_size : left;

  std::vector<std::vector<std::uint32_t>> members;  // of each class
  for (std::int64_t i = 0; i < images.count; ++i) {
    const auto label = static_cast<std::size_t>(images.labels[i]);
    if (label >= members.size()) members.resize(label + 1);
    members[label].push_back(static_cast<std::uint32_t>(i));
  }
  std::vector<std::int64_t> sizes;
  for (const auto& list : members) sizes.push_back(static_cast<std::int64_t>(list.size()));
  const std::vector<std::int64_t> validation_shares = proportional(validation_size, sizes, images.count, sizes);
  std::vector<std::int64_t> room = sizes;
  for (std::size_t c = 0; c < room.size(); ++c) room[c] -= validation_shares[c];
  const std::vector<std::int64_t> train_shares = proportional(wanted, sizes, images.count, room);

  Split split;
  for (std::size_t c = 0; c < members.size(); ++c) {
    const auto draw = static_cast<std::uint32_t>(c);
    const auto order = shuffled(members[c], make_stream(seed, "split", Purpose::split, draw));
    const auto first_left = order.begin() + validation_shares[c];
    split.validation.insert(split.validation.end(), order.begin(), first_left);
    const auto rest = shuffled({first_left, order.end()}, make_stream(seed, "subset", Purpose::subset, draw));
    split.train.insert(split.train.end(), rest.begin(), rest.begin() + train_shares[c]);
  }
  // Any first part of a list is a random sample of it, not the first classes.
  split.train = shuffled(split.train, make_stream(seed, "split", Purpose::split, train_order));
  split.validation = shuffled(split.validation, make_stream(seed, "split", Purpose::split, validation_order));
  return split;
}

}  // namespace fanin::data
