// Where the values of one parameter come from, before any is drawn: for files, shards and other element types.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/init/law.h"
#include "fanin/init/schemes.h"
#include "fanin/model/graph.h"

namespace fanin::init {

/// The moments and bounds of values that come piece by piece: blocks of them around a value of their own, the blocks
/// joined by the formulas of Chan, Golub & LeVeque (1983), so that hardly a digit cancels. The same on every processor.
class Measured {
 public:
  template <class T>  // float, double, bfloat16, half
  void add(std::span<const T> values);

  std::uint64_t count() const { return count_; }
  double mean() const { return mean_; }
  double std() const;  // of the values, not an estimate of their law's
  double minimum() const { return minimum_; }
  double maximum() const { return maximum_; }

 private:
  template <class T>
  void add_block(std::span<const T> values);

  std::uint64_t count_ = 0;
  double mean_ = 0, squares_ = 0;  // the sum of squares around the mean
  double minimum_ = std::numeric_limits<double>::infinity(), maximum_ = -minimum_;
};

/// One parameter under a scheme. Its law, where it has one, is drawn range by range; a scheme with structure between
/// the elements computes the whole tensor at the first range and keeps it until the source goes. For one thread.
class Source {
 public:
  /// Checks the scheme's options and the context; throws Error where the scheme does not apply. For a parameter that is
  /// no weight it is the scheme's rule for it, or `fixed` where it has none.
  Source(const Spec& scheme, WeightContext context, std::optional<double> fixed = std::nullopt);
  /// Of a plan for a whole network: `compute` fills the whole tensor, or says by nothing that it keeps `fixed`.
  using Compute = std::function<std::optional<FillReport>(const WeightContext& context, std::span<float> out)>;
  Source(const Spec& scheme, WeightContext context, Compute compute, double fixed);
  ~Source();
  Source(Source&&) noexcept;
  Source& operator=(Source&&) noexcept;

  const std::string& name() const;
  const Shape& shape() const;
  std::uint64_t count() const;            // elements
  bool by_scheme() const;                 // false: the fixed start (of a plan: known after fill())
  const std::optional<Law>& law() const;  // nothing: the whole tensor is computed at once
  /// Elements [first, first + out.size()) from Fanin's stream; T is float, double, bfloat16 or half. A scheme without a
  /// law computes floats, or doubles for T = double; plans for a whole network, schemes of files and registered ones
  /// compute floats only, which are rounded or widened. Throws Error outside of the tensor.
  template <class T>
  void fill(std::span<T> out, std::uint64_t first) const;

  /// The whole tensor from another framework's stream; T is float or double. Throws Error for a scheme that draws from
  /// Fanin's stream only. Running statistics take nothing from the stream.
  template <class T>
  void fill(std::span<T> out, random::compat::ForeignStream& stream) const;

  /// For the presets of PyTorch's modules under PyTorch's stream, in place of fill(): first construct() for all
  /// parameters, then finish() for all, in the module's order. A layer draws its defaults when it is made, also where
  /// the model's own loop draws the parameter again.
  bool is_module() const;
  template <class T>
  void construct(std::span<T> out, random::compat::ForeignStream& stream) const;
  template <class T>
  void finish(std::span<T> out, random::compat::ForeignStream& stream) const;

  /// Gives back the memory of a tensor that was computed as a whole; the next fill() computes it again.
  void release() const;

  /// After fill(): what was wanted and what the values are.
  FillReport report(const Measured& values) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How a scheme's shards are computed: "element by element ..." or "as a whole ...", for `fanin explain`.
std::string_view drawn_how(const SchemeInfo& scheme);

/// One source a parameter, in the graph's order; the same values as initialize() gives.
std::vector<Source> sources(const model::Graph& graph, const Spec& scheme, std::uint64_t seed);

/// Fills outs[i] with the whole tensor of source i, on as many threads as a random::FillThreads allows: tensors side by
/// side where they have a law, large ones cut into pieces. No thread is started for fewer than 2^19 elements in all.
/// T is as for Source::fill. Throws Error where a destination is not as long as its tensor.
template <class T>
void fill_all(std::span<const Source> sources, std::span<const std::span<T>> outs);

/// Takes the finished tensor of source number `index`.
template <class T>
using TakeTensor = std::function<void(std::size_t index, std::vector<T> values)>;

/// All sources' tensors from another framework's stream (a row of random::compat::stream_table()), as the framework's
/// own program draws them one after the other: for the presets of PyTorch's modules and the stream "torch" as the
/// module built in the sources' order does, discarded draws included; else each tensor once. T is float or double.
template <class T>
void draw_all(std::span<const Source> sources, std::string_view stream, std::uint64_t seed, const TakeTensor<T>& take);

}  // namespace fanin::init
