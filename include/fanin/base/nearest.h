// "Did you mean": the known name nearest to a misspelled one.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanin {

/// The candidate with the smallest Damerau-Levenshtein distance, where that is at most 2 or a third of the longer
/// name's length; "" where none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// "unknown scheme 'he_nromal'; did you mean 'he_normal'? Known: zeros, normal, ..." (the known ones always, the
/// suggestion where one is near).
std::string unknown_name_message(std::string_view kind, std::string_view name,
                                 const std::vector<std::string>& candidates);

}  // namespace fanin
