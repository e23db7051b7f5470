// `fanin init` and `fanin diff-preset`: files, shards, the check, and each mistake's sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "fanin/formats/npz.h"
#include "fanin/formats/safetensors.h"
#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(InitTest, WritesAFileThatItsCheckAccepts) {
  const TemporaryFolder folder;
  for (const char* dtype : {"float32", "float64", "bf16", "half"}) {
    const std::string file = folder / (std::string(dtype) + ".safetensors");
    const Outcome made = run_fanin({"init", "--model", "lenet5", "--preset", "pytorch-default", "--seed", "7",
                                    "--dtype", dtype, "--report", "-o", file});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("conv1.weight"));
    const Outcome checked = run_fanin({"init", "--check", file});
    EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
    EXPECT_THAT(checked.out, HasSubstr("all 10 tensors are those of pytorch-default with seed 7"));
  }
}

TEST(InitTest, GivesTheSameBytesUnderAnyLimitOfInstructions) {
  const TemporaryFolder folder;
  const auto made = [&](const std::string& limit, const std::string& init) {
    Call call;
    if (!limit.empty()) call.environment = {"FANIN_MAX_SIMD=" + limit};
    const std::string file = folder / ("weights" + limit + ".safetensors");
    const Outcome outcome = run_fanin({"init", "--model", "lenet5", "--init", init, "--seed", "1", "-o", file}, call);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return read_text(file);
  };
  for (const std::string init : {"he_normal", "he_uniform", "truncated_normal"}) {
    const std::string unlimited = made("", init);
    for (const std::string limit : {"AVX512", "AVX2", "BASELINE"}) EXPECT_EQ(made(limit, init), unlimited) << limit;
  }
  Call wrong;
  wrong.environment = {"FANIN_MAX_SIMD=avx3"};
  const Outcome refused = run_fanin({"list", "commands"}, wrong);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("FANIN_MAX_SIMD is 'avx3'; expected AVX512, AVX2 or BASELINE"));
}

TEST(InitTest, FindsAWeightThatIsNotTheSchemes) {
  const TemporaryFolder folder;
  const std::string file = folder / "weights.safetensors";
  ASSERT_EQ(run_fanin({"init", "--shape", "8x4x3x3", "--scheme", "he_normal", "-o", file}).code, 0);
  formats::Safetensors content = formats::read_safetensors(file);
  content.arrays[0].array.bytes[17] ^= 1;
  formats::write_safetensors(file, content);
  const Outcome checked = run_fanin({"init", "--check", file});
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.out, HasSubstr("weight: 1 of 288 values differ"));
  content.metadata.clear();
  formats::write_safetensors(file, content);
  const Outcome unknown = run_fanin({"init", "--check", file});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("the metadata has no 'fanin.scheme'; expected a file that 'fanin init' wrote"));
}

TEST(InitTest, ShardsJoinToTheWholeTensor) {
  const TemporaryFolder folder;
  const std::vector<std::string> call = {"init", "--shape", "10x3x5x5", "--init", "orthogonal", "--seed", "3"};
  const auto made = [&](const std::string& shard, const std::string& file) {
    std::vector<std::string> words = call;
    words.insert(words.end(), {"--shard", shard, "-o", file});
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return formats::read_safetensors(file).arrays[0].array;
  };
  const formats::Array whole = made("0/1", folder / "whole.safetensors");
  std::vector<std::uint8_t> joined;
  for (int i = 0; i < 4; ++i) {
    const std::string file = folder / ("part" + std::to_string(i) + ".safetensors");
    const formats::Array part = made(std::to_string(i) + "/4", file);
    joined.insert(joined.end(), part.bytes.begin(), part.bytes.end());
    EXPECT_EQ(run_fanin({"init", "--check", file}).code, 0);
  }
  EXPECT_EQ(joined, whole.bytes);
}

TEST(InitTest, ShardsOfALawAreDrawnInEachType) {
  const TemporaryFolder folder;
  for (const char* dtype : {"float32", "float64", "bf16", "half"}) {
    const auto made = [&](const std::string& shard, const std::string& file, const std::string& threads) {
      const Outcome outcome = run_fanin({"init", "--shape", "3000x500", "--init", "truncated_normal", "--seed", "3",
                                         "--dtype", dtype, "--shard", shard, "--threads", threads, "-o", file});
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      return formats::read_safetensors(file).arrays[0].array.bytes;
    };
    const std::vector<std::uint8_t> whole = made("0/1", folder / "whole.safetensors", "1");
    std::vector<std::uint8_t> joined;
    for (int i = 0; i < 3; ++i) {
      const std::string file = folder / ("part" + std::to_string(i) + ".safetensors");
      const std::vector<std::uint8_t> part = made(std::to_string(i) + "/3", file, "3");
      joined.insert(joined.end(), part.begin(), part.end());
      EXPECT_EQ(run_fanin({"init", "--check", file}).code, 0);
    }
    EXPECT_EQ(joined, whole) << dtype;
  }
}

// A shard of a tensor of 2^33 values (16 GB in bf16) takes the memory of the shard: 16 MB.
TEST(InitTest, AShardNeedsItsOwnPartOnly) {
  const TemporaryFolder folder;
  const std::string file = folder / "part.safetensors";
  const Outcome outcome = run_fanin(
      {"init", "--shape", "131072x65536", "--init", "he_normal", "--dtype", "bf16", "--shard", "511/1024", "-o", file});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(std::filesystem::file_size(file) >> 20, 16u);
}

TEST(InitTest, DrawsTheTextBooksLines) {
  const TemporaryFolder folder;
  const auto values = [&](const std::string& scheme, const std::string& shape, std::string* err = nullptr) {
    const std::string file = folder / "w.raw";
    const Outcome outcome = run_fanin({"init", "--shape", shape, "--init", scheme, "--stream", "numpy", "--seed", "7",
                                       "--dtype", "float64", "-o", file});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    if (err != nullptr) *err = outcome.err;
    const std::string bytes = read_text(file);
    std::vector<double> result(bytes.size() / sizeof(double));
    std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  };
  // np.random.seed(7); np.random.randn(2, 3) * 0.01 and * np.sqrt(2 / (2 + 3)), NumPy 2.4.
  EXPECT_THAT(values("textbook_random", "2x3"),
              ElementsAre(0.016905257038003562, -0.004659373705408328, 0.000328201636785844, 0.004075162829965079,
                          -0.007889230286257386, 2.0655729059481302e-05));
  std::string warned;
  EXPECT_THAT(values("textbook_xavier", "2x3", &warned),
              ElementsAre(1.0691823334136585, -0.2946846675797744, 0.020757294080771423, 0.2577359275749424,
                          -0.4989587338031104, 0.0013063830111857706));
  EXPECT_THAT(warned, IsEmpty());
  values("textbook_xavier", "64x3x7x7", &warned);
  EXPECT_THAT(warned, HasSubstr("textbook_xavier takes shape[0] + shape[1] = 67 of 64x3x7x7, which are not its fans "
                                "(147 in, 3136 out): the variance is 49 times that of xavier_normal"));
}

TEST(InitTest, DrawsFromOtherFrameworksStreams) {
  const TemporaryFolder folder;
  const std::string file = folder / "w.safetensors";
  for (const char* stream : {"torch", "numpy_generator", "numpy_generator_float32", "jax"}) {
    const Outcome made = run_fanin({"init", "--model", "lenet5", "--preset", "torchvision-vgg", "--stream", stream,
                                    "--seed", "0", "--report", "-o", file});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("normal(0, 0.01)"));
    const Outcome checked = run_fanin({"init", "--check", file});
    EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  }
  const auto refused = [&](std::vector<std::string> words, const std::string& message) {
    words.insert(words.begin(), {"init", "-o", file});
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(message));
  };
  refused({"--shape", "8x8", "--init", "zeros", "--stream", "troch"}, "unknown stream 'troch'; did you mean 'torch'?");
  refused({"--shape", "8x8", "--init", "he_normal", "--stream", "torch", "--shard", "0/2"},
          "--shard needs a stream that is addressed by index; 'torch' is a sequence");
  refused({"--shape", "8x8x7x7", "--init", "gabor", "--stream", "torch"},
          "scheme 'gabor' draws from Fanin's own stream only");
  refused({"--shape", "8x8", "--init", "he_normal", "--stream", "jax", "--dtype", "float64"}, "float32");
  refused({"--shape", "8x8", "--init", "truncated_normal", "--stream", "numpy"}, "truncated");
  refused({"--shape", "8x8", "--init", "zeros", "--stream", "numpy", "--seed", "4294967296"}, "4294967295");
}

TEST(InitTest, TakesFansFromTheLayer) {
  const TemporaryFolder folder;
  const std::string file = folder / "w.safetensors";
  const auto reported = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"init", "--init", "he_normal:mode=fan_out", "--report", "-o", file});
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(run_fanin({"init", "--check", file}).code, 0);
    return outcome.out;
  };
  const auto fans = [](const std::string& in, const std::string& out) {
    return testing::ContainsRegex("weight +" + in + " +" + out + " ");
  };
  EXPECT_THAT(reported({"--shape", "64x32x3x3", "--stride", "2"}), fans("288", "144"));
  EXPECT_THAT(reported({"--shape", "64x1x3x3", "--groups", "64"}), fans("9", "9"));
  EXPECT_THAT(reported({"--shape", "64x3x4x4", "--transposed", "--stride", "2x2"}), fans("256", "48"));
  EXPECT_THAT(reported({"--shape", "192x64", "--fused", "3"}), fans("64", "64"));
  const Outcome network = run_fanin({"init", "--model", "lenet5", "--init", "zeros", "--stride", "2", "-o", file});
  EXPECT_EQ(network.code, 2);
  EXPECT_THAT(network.err, HasSubstr("--stride describes one tensor's layer; expected --shape with it, not --model"));
}

TEST(InitTest, WritesNpzAndRawValues) {
  const TemporaryFolder folder;
  for (const char* name : {"w.npz", "w.raw", "w.safetensors"})
    ASSERT_EQ(run_fanin({"init", "--shape", "4x6", "--init", "xavier_uniform", "-o", folder / name}).code, 0);
  const std::vector<std::uint8_t> expected = formats::read_safetensors(folder / "w.safetensors").arrays[0].array.bytes;
  EXPECT_EQ(formats::read_npz(folder / "w.npz")[0].array.bytes, expected);
  const std::string raw = read_text(folder / "w.raw");
  EXPECT_EQ(std::vector<std::uint8_t>(raw.begin(), raw.end()), expected);
}

TEST(InitTest, TakesTheSlopeOfAnActivation) {
  const TemporaryFolder folder;
  const std::string file = folder / "w.safetensors";
  for (const auto& [activation, gain] : {std::pair{"prelu", "1.37199"}, std::pair{"leaky_relu:alpha=0.25", "1.37199"},
                                         std::pair{"elu:alpha=0", "1.41421"}}) {
    const Outcome made = run_fanin(
        {"init", "--shape", "8x8", "--init", "he_normal", "--activation", activation, "--report", "-o", file});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr(gain)) << activation;
    EXPECT_EQ(run_fanin({"init", "--check", file}).code, 0);
  }
}

TEST(InitTest, ChecksNameTheFileOfAMistake) {
  const TemporaryFolder folder;
  const std::string file = folder / "w.safetensors";
  const auto written = [&](const std::map<std::string, std::string>& metadata, formats::ElementType type) {
    formats::SafetensorsWriter writer(file, {{"weight", type, {2}}}, metadata);
    writer.write(std::vector<std::uint8_t>(2 * formats::element_size(type)));
    writer.finish();
    return run_fanin({"init", "--check", file});
  };
  std::map<std::string, std::string> metadata = {
      {"fanin.scheme", "he_nromal"}, {"fanin.seed", "1"},          {"fanin.shard", "0/1"}, {"fanin.shape", "2"},
      {"fanin.name", "weight"},      {"fanin.activation", "relu"}, {"fanin.groups", "1"}};
  const Outcome misspelt = written(metadata, formats::ElementType::float32);
  EXPECT_EQ(misspelt.code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr(file + ": unknown scheme 'he_nromal'"));
  metadata["fanin.scheme"] = "zeros";
  const Outcome integers = written(metadata, formats::ElementType::int32);
  EXPECT_EQ(integers.code, 2);
  EXPECT_THAT(integers.err, HasSubstr(file + ": 'weight' has type"));
  EXPECT_EQ(written(metadata, formats::ElementType::float32).code, 0);
}

TEST(InitTest, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string file = folder / "w.safetensors";
  const auto refused = [&](std::vector<std::string> words, const std::string& message) {
    words.insert(words.begin(), "init");
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(file));
  };
  refused({"--init", "he_normal", "-o", file}, "init needs either --model, a network, or --shape, one tensor");
  refused({"--shape", "4x4", "--init", "normal:std=-1", "-o", file}, "option 'std' of scheme 'normal' is -1");
  refused({"--shape", "4x4", "--init", "he_normal:gain=nan", "-o", file},
          "option 'gain' of scheme 'he_normal' is 'nan'");
  refused({"--shape", "", "--init", "zeros", "-o", file}, "--shape is ''; expected one to eight extents of at least 1");
  refused({"--shape", "0x3", "--init", "zeros", "-o", file}, "--shape is '0x3'; expected one to eight extents of at");
  for (const char* name : {"../../evil", "/root", "a/../b", "a\\b", "a\nb", "\xff"})
    refused({"--shape", "3", "--init", "zeros", "--name", name, "-o", file}, "expected a tensor's name in UTF-8");
  refused({"--shape", "8x8", "--preset", "keras-defualt", "-o", file},
          "unknown preset 'keras-defualt'; did you mean 'keras-default'?");
  refused({"--shape", "8x8", "--init", "zeros", "--input", "1x8x8", "-o", file}, "--input goes with --model");
  refused({"--model", "lenet5", "--init", "zeros", "--activation", "tanh", "-o", file},
          "--activation describes one tensor's layer; expected --shape with it");
  refused({"--shape", "8x8", "--init", "he_normal", "--activation", "tanh:alpha=2", "-o", file}, "alpha");
  refused({"--check", "w.safetensors", "--seed", "3"}, "--check takes all from the file; expected no --seed with it");
  refused({"--check", "w.npz"}, "--check is 'w.npz'; expected a safetensors file, which says what made it");
  refused({"--shape", "0x4", "--init", "zeros", "-o", file}, "--shape is '0x4'");
  refused({"--shape", "1099511627776x1099511627776", "--init", "zeros", "-o", file}, "1099511627776x1099511627776");
  refused({"--shape", "1000000x1000000", "--init", "zeros", "-o", file}, "at most 68719476736 are supported");
  refused({"--shape", "4x4", "--init", "zeros", "--shard", "4/4", "-o", file}, "--shard is '4/4'; expected I/N");
  refused({"--shape", "4x4", "--init", "zeros", "--dtype", "int8", "-o", file}, "--dtype is 'int8'");
  refused({"--shape", "4x4", "--init", "zeros:std=1", "-o", file}, "scheme 'zeros' has no options");
  refused({"--shape", "4x4", "--init", "zeros"}, "--output");
  refused({"--shape", "4x4", "--init", "zeros", "-o", folder / "w.txt"}, "ends in .safetensors, .npz or .raw");
  refused({"--shape", "4x4", "--init", "zeros", "-o", folder / "no/w.safetensors"}, "no/w.safetensors");
  refused({"--shape", "6x4x3x3", "--groups", "4", "--init", "he_normal", "-o", file},
          "a layer with a weight of shape 6x4x3x3 cannot have 4 groups; expected a divisor of 6");
}

TEST(InitTest, RunsASchemeOnTheDataAndChecksItWhereTheDataIs) {
  const TemporaryFolder folder;
  const std::filesystem::path data = folder.path() / "data";
  write_idx_dataset(data);
  const std::string file = folder / "w.safetensors";
  const auto call = [](const std::vector<std::string>& words) { return run_fanin(words); };
  const Outcome made = call({"init", "--model", "mlp:hidden=8", "--init", "lsuv", "--data", data.string(), "--batch",
                             "16", "--seed", "5", "-o", file});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(formats::read_safetensors(file).metadata.at("fanin.scheme"), "lsuv:batch=16");
  const Outcome checked = call({"init", "--check", file});
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("are those of lsuv:batch=16 with seed 5"));

  // A training with this seed starts from the same bits.
  const Outcome trained =
      call({"train", "--model", "mlp:hidden=8", "--init", "lsuv:batch=16", "--data", data.string(), "--seed", "5",
            "--steps", "1", "--batch", "8", "--lr", "1e-300", "--out", folder / "run"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const auto weights = [](const std::string& path) {
    std::vector<std::vector<std::uint8_t>> bytes;
    for (const formats::NamedArray& entry : formats::read_safetensors(path).arrays) bytes.push_back(entry.array.bytes);
    return bytes;
  };
  EXPECT_EQ(weights(folder / "run/weights.safetensors"), weights(file));

  std::filesystem::remove_all(data);
  const Outcome gone = call({"init", "--check", file});
  EXPECT_EQ(gone.code, 2);
  EXPECT_THAT(gone.err, HasSubstr(data.string()));
}

TEST(InitTest, SaysWhatASchemeThatRunsTheNetworkLacks) {
  const TemporaryFolder folder;
  const std::string file = folder / "w.safetensors";
  const auto refused = [&](std::vector<std::string> words, const std::string& message) {
    words.insert(words.begin(), "init");
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_FALSE(std::filesystem::exists(file));
  };
  refused({"--model", "lenet5", "--init", "lsuv", "-o", file},
          "scheme 'lsuv' looks at images, but there are none; expected a data set (--data) or a batch of images");
  refused({"--shape", "8x3x3x3", "--init", "lsuv", "-o", file}, "so it cannot fill 'weight' by itself");
  refused({"--shape", "8x3x3x3", "--init", "zeros", "--data", "x", "-o", file}, "--data goes with --model");
  refused({"--model", "lenet5", "--init", "zeros", "--batch", "8", "-o", file}, "expected --data with it");
  refused({"--model", "lenet5", "--init", "lsuv:base=hee_normal", "-o", file}, "did you mean 'he_normal'?");
}

TEST(DiffPresetTest, SaysByWhatFactor) {
  const Outcome outcome = run_fanin({"diff-preset", "pytorch-default", "he_uniform", "--model", "lenet5"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("parameter"));
  EXPECT_THAT(outcome.out, HasSubstr("conv1.weight"));
  const Outcome same = run_fanin({"diff-preset", "caffe-xavier", "lecun_uniform", "--model", "lenet5"});
  EXPECT_THAT(same.out, HasSubstr("10 of 10 parameters start alike, in distribution and scale"));
  EXPECT_EQ(run_fanin({"diff-preset", "pytorch-defualt", "he_normal", "--model", "lenet5"}).code, 2);
}

}  // namespace
}  // namespace fanin::test
