// The random streams of other frameworks, bit for bit: PyTorch's CPU generator, NumPy's two, JAX's threefry.
//
// Three parts: the common interface ForeignStream with its table (what `--stream NAME` selects), the classes with each
// framework's own calls, and JAX's pure functions of a key. Unlike fanin::random::Stream these are sequences: a value
// depends on everything drawn before it, so tensors must be filled in the order in which the framework fills them.
//
// Equal to the installed packages on x86-64 with AVX2 (docs/random.md, "Streams of other frameworks", says which
// versions and where a C library's log, exp, sin and cos enter). Not safe to share between threads.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fanin/base/float16.h"

namespace fanin::random::compat {

/// The distributions of an initializer that scales by a variance; truncated_normal is cut at two standard deviations.
enum class ScaledKind { uniform, normal, truncated_normal };

/// One framework's stream, as weights are drawn from it. Each call draws what the framework's own call for a
/// contiguous tensor of out.size() elements draws. Throws Error where the framework has no such call or refuses the
/// arguments: low > high, std < 0, a value that is not finite.
class ForeignStream {
 public:
  virtual ~ForeignStream() = default;
  /// [low, high)
  virtual void uniform(std::span<float> out, double low, double high) = 0;
  virtual void uniform(std::span<double> out, double low, double high) = 0;
  virtual void normal(std::span<float> out, double mean, double std) = 0;
  virtual void normal(std::span<double> out, double mean, double std) = 0;
  /// low and high are absolute bounds, as in torch.nn.init.trunc_normal_(a, b).
  virtual void truncated_normal(std::span<float> out, double mean, double std, double low, double high) = 0;
  virtual void truncated_normal(std::span<double> out, double mean, double std, double low, double high) = 0;
  /// The framework's own initializer of mean 0 and the given variance; false, with nothing drawn, where it has none
  /// that differs from a plain draw with the numbers that follow from the variance.
  virtual bool scaled(std::span<float>, double /*variance*/, ScaledKind) { return false; }
  virtual bool scaled(std::span<double>, double /*variance*/, ScaledKind) { return false; }
  /// What an initializer that draws nothing takes: in JAX a layer hands a key to it all the same.
  virtual void skip() {}
  /// Whether weights lie as (kernel..., inputs, outputs) rather than (outputs, inputs, kernel...).
  virtual bool outputs_last() const { return false; }
};

/// A row of the table: "torch", "numpy", "numpy_generator", "numpy_generator_float32", "jax".
struct StreamInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view draws;  // which calls of the framework the fills equal
};
std::span<const StreamInfo> stream_table();
/// The stream of a name of the table, seeded; throws Error on another name (with the nearest) or a seed that the
/// framework refuses.
std::unique_ptr<ForeignStream> make_foreign_stream(std::string_view name, std::uint64_t seed);

/// MT19937 (Matsumoto and Nishimura 1998): PyTorch's and NumPy's legacy bit generator.
class Mt19937 {
 public:
  explicit Mt19937(std::uint32_t seed);                             // init_genrand
  static Mt19937 from_array(std::span<const std::uint32_t> words);  // init_by_array; at least one word
  std::uint32_t next();

 private:
  void refill();
  std::array<std::uint32_t, 624> state_;
  std::size_t position_ = 624;
};

/// torch.manual_seed(seed) and the tensor methods of 2.13 and later on the CPU. float32 uniform and normal are those of
/// every version since 1.13; truncated_normal is the rejection of 2.12 and later.
class TorchStream final : public ForeignStream {
 public:
  explicit TorchStream(std::uint64_t seed);  // only the low 32 bits count, as in PyTorch

  void uniform(std::span<float> out, double low, double high) override;
  void uniform(std::span<double> out, double low, double high) override;
  void uniform(std::span<bfloat16> out, double low, double high);
  void uniform(std::span<half> out, double low, double high);
  void normal(std::span<float> out, double mean, double std) override;
  void normal(std::span<double> out, double mean, double std) override;
  void normal(std::span<bfloat16> out, double mean, double std);
  void normal(std::span<half> out, double mean, double std);
  void truncated_normal(std::span<float> out, double mean, double std, double low, double high) override;
  void truncated_normal(std::span<double> out, double mean, double std, double low, double high) override;
  /// torch.randperm(n), 0 <= n < 214748364.
  std::vector<std::int64_t> permutation(std::int64_t n);

 private:
  template <class T>
  void fill_uniform(std::span<T> out, double low, double high);
  template <class T>
  void fill_normal(std::span<T> out, double mean, double std);
  template <class T>
  void fill_truncated(std::span<T> out, double mean, double std, double low, double high);
  template <class T>
  T unit();
  double small_normal();

  Mt19937 engine_;
  std::optional<double> spare_;  // the sine half of the last pair drawn for fewer than 16 elements
};

/// np.random.seed(seed) / np.random.RandomState(seed), the frozen legacy stream. Its values are float64; the float
/// fills round them, as .astype(np.float32) does.
class NumpyRandomState final : public ForeignStream {
 public:
  explicit NumpyRandomState(std::uint32_t seed);
  explicit NumpyRandomState(std::span<const std::uint32_t> seed);  // RandomState([words])

  void uniform(std::span<float> out, double low, double high) override;
  void uniform(std::span<double> out, double low, double high) override;
  void normal(std::span<float> out, double mean, double std) override;
  void normal(std::span<double> out, double mean, double std) override;  // loc + scale * randn
  /// NumPy has none: throws Error.
  void truncated_normal(std::span<float> out, double mean, double std, double low, double high) override;
  void truncated_normal(std::span<double> out, double mean, double std, double low, double high) override;
  std::vector<std::int64_t> permutation(std::int64_t n);  // n at most 2^32

  double random_sample();
  double randn();

 private:
  Mt19937 engine_;
  std::optional<double> spare_;
};

/// NumPy's SeedSequence: `count` 32-bit words from the seed's words (an integer's little-endian words).
std::vector<std::uint32_t> seed_sequence(std::span<const std::uint32_t> entropy, std::size_t count);

/// np.random.default_rng(seed): PCG64 and the ziggurat. The interface's fills are rng.uniform and rng.normal (float64;
/// float fills round them); standard_normal and random also exist in float32, as dtype=np.float32 gives them.
class NumpyGenerator final : public ForeignStream {
 public:
  explicit NumpyGenerator(std::uint64_t seed);

  void uniform(std::span<float> out, double low, double high) override;
  void uniform(std::span<double> out, double low, double high) override;
  void normal(std::span<float> out, double mean, double std) override;
  void normal(std::span<double> out, double mean, double std) override;
  /// NumPy has none: throws Error.
  void truncated_normal(std::span<float> out, double mean, double std, double low, double high) override;
  void truncated_normal(std::span<double> out, double mean, double std, double low, double high) override;
  void random(std::span<float> out);
  void random(std::span<double> out);
  void standard_normal(std::span<float> out);
  void standard_normal(std::span<double> out);
  std::vector<std::int64_t> permutation(std::int64_t n);  // n at most 2^32

  std::uint64_t next64();
  std::uint32_t next32();

 private:
  double ziggurat();
  float ziggurat_float();
  void step();

  std::uint64_t state_high_ = 0, state_low_ = 0, increment_high_ = 0, increment_low_ = 0;
  std::optional<std::uint32_t> half_;  // the high half of the last word that next32 split
};

/// The same generator by its float32 draws: rng.standard_normal(size, dtype=np.float32) * np.float32(std) and
/// rng.random(size, dtype=np.float32) * np.float32(high - low), plus mean or low in float32 where that is not 0. The
/// float64 fills throw Error: those are NumpyGenerator's.
class NumpyGeneratorFloat final : public ForeignStream {
 public:
  explicit NumpyGeneratorFloat(std::uint64_t seed) : generator_(seed) {}

  void uniform(std::span<float> out, double low, double high) override;
  void uniform(std::span<double> out, double low, double high) override;
  void normal(std::span<float> out, double mean, double std) override;
  void normal(std::span<double> out, double mean, double std) override;
  void truncated_normal(std::span<float> out, double mean, double std, double low, double high) override;
  void truncated_normal(std::span<double> out, double mean, double std, double low, double high) override;

 private:
  NumpyGenerator generator_;
};

/// jax.random.key(seed), with jax_threefry_partitionable (the default since 0.5) and 32-bit mode.
struct JaxKey {
  std::uint32_t first = 0, second = 0;
  friend bool operator==(const JaxKey&, const JaxKey&) = default;
};

/// The Threefry-2x32 block function of 20 rounds (Salmon et al., SC11).
std::array<std::uint32_t, 2> threefry2x32(JaxKey key, std::array<std::uint32_t, 2> counter);
JaxKey jax_key(std::uint64_t seed);  // the low 32 bits
JaxKey jax_fold_in(JaxKey key, std::uint32_t data);
std::vector<JaxKey> jax_split(JaxKey key, std::size_t count);
void jax_bits(std::span<std::uint32_t> out, JaxKey key);
void jax_uniform(std::span<float> out, JaxKey key, float low = 0, float high = 1);
void jax_normal(std::span<float> out, JaxKey key);
/// jax.random.truncated_normal(key, lower, upper): bounds of the standard normal.
void jax_truncated_normal(std::span<float> out, JaxKey key, float lower, float upper);

enum class JaxDistribution { truncated_normal, normal, uniform };
/// jax.nn.initializers.variance_scaling outside jit: `scale_over_fan` is scale / denominator as Python computes it. The
/// elements are in the order of JAX's own layout (HWIO for convolutions, (in, out) for dense layers).
void jax_variance_scaling(std::span<float> out, JaxKey key, double scale_over_fan, JaxDistribution distribution);

/// A sequence of keys as flax.nnx.Rngs(seed) hands them out: fill number k, from 0, uses fold_in(key(seed), k).
/// float32 only: the float64 fills throw Error.
class JaxStream final : public ForeignStream {
 public:
  explicit JaxStream(std::uint64_t seed);

  void uniform(std::span<float> out, double low, double high) override;
  void uniform(std::span<double> out, double low, double high) override;
  void normal(std::span<float> out, double mean, double std) override;  // mean + std * normal(key), outside jit
  void normal(std::span<double> out, double mean, double std) override;
  void truncated_normal(std::span<float> out, double mean, double std, double low, double high) override;
  void truncated_normal(std::span<double> out, double mean, double std, double low, double high) override;
  using ForeignStream::scaled;
  bool scaled(std::span<float> out, double variance, ScaledKind kind) override;  // jax.nn.initializers.variance_scaling
  void skip() override { next_key(); }
  bool outputs_last() const override { return true; }
  /// The key of the next fill; counts on.
  JaxKey next_key();

 private:
  JaxKey key_;
  std::uint32_t count_ = 0;
};

}  // namespace fanin::random::compat
