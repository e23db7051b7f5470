// What a scheme's function gets and gives back, and the map from the table's names to the functions.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "fanin/base/spec.h"
#include "fanin/init/law.h"
#include "fanin/init/schemes.h"
#include "fanin/init/tensors.h"

namespace fanin::init {

/// What a scheme draws each element from, and the numbers that it used.
struct Planned {
  Law law;
  double gain = 1;
  double target_std = law_std(law);  // NaN where the scheme aims at no scale
};

/// A scheme whose elements are drawn independently: its law for this tensor. Nothing where it is no law for this tensor
/// (an orthogonal variant): then the scheme's other function is asked. Throws Error where the scheme does not apply.
using LawFunction = std::optional<Planned> (*)(const WeightContext& context, const Options& options);

/// Such a rule for a bias, a norm's scale and shift or a residual scale; nothing: the start that it has under every
/// scheme.
using OtherLawFunction = std::optional<Law> (*)(const WeightContext& context, const Options& options);

/// How a PyTorch module of a preset comes to a parameter: its layers draw in their constructors, then the model's own
/// loop may set it again.
struct ModuleDraws {
  Law constructor;
  std::optional<Law> loop;
};
using ModuleFunction = std::optional<ModuleDraws> (*)(const WeightContext& context);

/// A scheme with structure between the elements. Fills out (element_count(context.shape) values, logical order). Throws
/// Error where the scheme does not apply. One for float and, where its structure is exact to the precision of the
/// type, one for double; where there is none a float64 tensor is the float32 one, widened.
template <class T>
using FillFunction = Applied (*)(const WeightContext& context, const Options& options, std::span<T> out);
using SchemeFunction = FillFunction<float>;
using WideFunction = FillFunction<double>;

/// Such a rule for another parameter: fills it and gives true, or gives false for the start that it has under every
/// scheme.
using OtherFunction = bool (*)(const WeightContext& context, const Options& options, std::span<float> out);

/// Whether a SchemeFunction takes its normals from context.stream where there is one, or draws none at all.
enum class Draws { own_stream, any_stream };

struct SchemeEntry {
  constexpr SchemeEntry(std::string_view its_name, LawFunction its_law, OtherLawFunction its_other_law = nullptr)
      : name(its_name), law(its_law), other_law(its_other_law) {}
  constexpr SchemeEntry(std::string_view its_name, LawFunction its_law, OtherLawFunction its_other_law,
                        ModuleFunction its_module)
      : name(its_name), law(its_law), other_law(its_other_law), module(its_module) {}
  constexpr SchemeEntry(std::string_view its_name, LawFunction its_law, SchemeFunction otherwise,
                        OtherLawFunction its_other_law = nullptr)
      : name(its_name), law(its_law), other_law(its_other_law), function(otherwise) {}
  constexpr SchemeEntry(std::string_view its_name, SchemeFunction its_function, OtherFunction its_others = nullptr)
      : name(its_name), function(its_function), others(its_others) {}
  constexpr SchemeEntry(std::string_view its_name, SchemeFunction its_function, OtherLawFunction its_other_law)
      : name(its_name), other_law(its_other_law), function(its_function) {}
  constexpr SchemeEntry(std::string_view its_name, SchemeFunction its_function, WideFunction its_wide_function,
                        Draws what = Draws::own_stream)
      : name(its_name), function(its_function), wide_function(its_wide_function), draws(what) {}
  constexpr SchemeEntry(std::string_view its_name, LawFunction its_law, SchemeFunction otherwise, WideFunction wide,
                        OtherLawFunction its_other_law = nullptr)
      : name(its_name), law(its_law), other_law(its_other_law), function(otherwise), wide_function(wide) {}
  constexpr SchemeEntry(std::string_view its_name, LawFunction its_law, SchemeFunction otherwise, WideFunction wide,
                        Draws what)
      : name(its_name), law(its_law), function(otherwise), wide_function(wide), draws(what) {}

  std::string_view name;  // as in scheme_table()
  LawFunction law = nullptr;
  OtherLawFunction other_law = nullptr;
  SchemeFunction function = nullptr;
  WideFunction wide_function = nullptr;
  OtherFunction others = nullptr;
  Draws draws = Draws::own_stream;
  ModuleFunction module = nullptr;
};
std::span<const SchemeEntry> scheme_functions();

/// The function of a row of the table; nullptr for a scheme that the program registered.
const SchemeEntry* find_entry(std::string_view name);

/// The scheme's rule for a parameter that is no weight; nothing where it has none.
std::optional<FillReport> fill_other(const Spec& scheme, const WeightContext& context, std::span<float> out);

/// Whether the scheme has such a rule for some parameters.
bool has_rule_for_others(const Spec& scheme);

/// The report on a parameter that `scheme` has filled.
FillReport report_of(const Spec& scheme, const WeightContext& context, const Applied& applied,
                     std::span<const float> out);

/// A scheme that the program registered: nullptr where the name is none of its own.
const SchemeInfo* find_registered(std::string_view name);
/// Runs a registered scheme's function; throws Error where it leaves a value that is not finite.
Applied apply_registered(const SchemeInfo& info, const WeightContext& context, const Options& options,
                         std::span<float> out);

/// The weight seen as a matrix of O rows (outputs) and I/groups * kH * kW columns.
struct MatrixShape {
  std::int64_t rows, columns;
};
/// Throws Error unless the context is a weight of two or more dimensions: "scheme 'orthogonal' needs ...".
MatrixShape require_matrix(const WeightContext& context, std::string_view scheme);

/// The index among a kernel's taps of that at (k - 1) / 2 on each axis: the earlier middle of even kernels.
std::int64_t centre_tap(const Shape& shape);

/// Throws Error where the scheme changes the network and this one is without the change.
void require_prepared(const model::Graph& graph, const Spec& scheme);

/// What a scheme may see of one parameter of a network; `place` is that of the parameter's node.
WeightContext parameter_context(const model::Graph& graph, const model::Parameter& parameter, const Place& place,
                                std::uint64_t seed);

/// The gain of the activation that follows, for a rule that divides by this fan: what keeps the gradient's second
/// moment where it is fan_out, the signal's else.
double gain_for(const WeightContext& context, FanMode mode);
/// The option `gain`: "auto" is gain_for(); else a number above 0.
double gain_option(const WeightContext& context, const Options& options, std::string_view scheme,
                   FanMode mode = FanMode::in);
/// The same, for schemes with the options `padding` and `pooling` too: times what they ask to make up for.
double corrected_gain(const WeightContext& context, const Options& options, std::string_view scheme,
                      FanMode mode = FanMode::in);

}  // namespace fanin::init
