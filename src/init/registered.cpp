// Schemes that a program adds to the table at run time.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/registration.h"
#include "fanin/base/error.h"
#include "fanin/init/aliases.h"
#include "fanin/init/schemes.h"
#include "init/fill.h"

namespace fanin::init {
namespace {

struct Registered {
  explicit Registered(CustomScheme scheme)
      : own(std::move(scheme)),
        options(own.options, fmt::format("scheme '{}'", own.name)),
        info{own.name, "", own.summary, own.formula, own.paper, own.when, own.when_not, options.rows()} {}
  const CustomScheme own;  // `info` looks into it
  const OwnedOptions options;
  const SchemeInfo info;
};

Registration<Registered>& registration() {
  static Registration<Registered> rows;
  return rows;
}

/// Whether a row of the built-in table has this name or alias.
bool is_built_in(std::string_view name) {
  return find_alias(name) != nullptr || std::ranges::any_of(scheme_table(), [&](const SchemeInfo& row) {
           return row.name == name ||
                  fmt::format(" {} ", row.aliases).find(fmt::format(" {} ", name)) != std::string::npos;
         });
}

}  // namespace

void register_scheme(CustomScheme scheme) {
  require_spec_name("scheme", scheme.name);
  const std::string name = scheme.name;
  if (!scheme.function) throw Error(fmt::format("scheme '{}' has no function", name));
  if (is_built_in(name)) throw Error(fmt::format("scheme '{}' cannot be registered: Fanin has one of that name", name));
  if (!registration().add(std::make_unique<Registered>(std::move(scheme))))
    throw Error(fmt::format("scheme '{}' is registered already", name));
}

std::vector<const SchemeInfo*> registered_schemes() {
  std::vector<const SchemeInfo*> infos;
  for (const Registered* row : registration().rows()) infos.push_back(&row->info);
  return infos;
}

const SchemeInfo* find_registered(std::string_view name) {
  const Registered* row = registration().find(name);
  return row == nullptr ? nullptr : &row->info;
}

Applied apply_registered(const SchemeInfo& info, const WeightContext& context, const Options& options,
                         std::span<float> out) {
  const Registered* row = registration().find(info.name);
  if (row == nullptr) throw std::logic_error(fmt::format("scheme '{}' has no function", info.name));
  const Applied applied = row->own.function(context, options, out);
  const auto bad = std::ranges::find_if(out, [](float value) { return !std::isfinite(value); });
  if (bad != out.end())
    throw Error(fmt::format("scheme '{}' left {} at element {} of '{}'; expected finite weights", info.name, *bad,
                            bad - out.begin(), context.name));
  return applied;
}

}  // namespace fanin::init
