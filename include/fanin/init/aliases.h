// Names that other frameworks give to schemes: what they stand for here, or why they are refused.
#pragma once
#include <span>
#include <string_view>

#include "fanin/base/spec.h"

namespace fanin::init {

/// A row: the name as it is typed (lower case) and what it means.
struct AliasInfo {
  std::string_view name;     // "msraprelu"
  std::string_view meaning;  // a spec of the table: "variance_scaling:scale=1.88,..."; empty where the name is refused
  std::string_view source;   // whose name it is, and what differs from that framework
};
std::span<const AliasInfo> alias_table();

/// The row of a name; nullptr where it is none. Upper case is read as lower case ("HeNormal", "MSRAPrelu").
const AliasInfo* find_alias(std::string_view name);

/// The spec with a framework's name replaced by what it stands for; options that are given override the name's own.
/// Throws Error, with the meanings, where the frameworks mean different things by it. Any other spec comes back as it
/// is.
Spec resolve_alias(const Spec& scheme);

}  // namespace fanin::init
