// safetensors: the bytes of the reference implementation, and each refusal of its validator (and two more).
#include <gmock/gmock.h>

#include <cstring>

#include "fanin/formats/safetensors.h"
#include "formats/samples.h"

namespace fanin::formats {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::error_of;
using testing::from_hex;
using testing::from_text;
using ::testing::HasSubstr;
using testing::joined;

const Tensor square{{2, 2}, {1, 2, 3, 4}};
const Bytes vector_file = from_hex(
    "40000000000000007b2277223a7b226474797065223a22463332222c227368617065223a5b322c325d2c22646174615f6f66667365747322"
    "3a5b302c31365d7d7d202020202020200000803f000000400000404000008040");

Bytes make_file(std::string_view header, std::size_t data_bytes) {
  Bytes file(8);
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, 8);
  return joined(joined(file, from_text(header)), Bytes(data_bytes));
}

std::string error_for(std::string_view header, std::size_t data_bytes) {
  return error_of([&] { parse_safetensors(make_file(header, data_bytes), "x"); });
}

std::string header_of(const Bytes& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  EXPECT_EQ((8 + length) % 8, 0u);
  return std::string(file.begin() + 8, file.begin() + 8 + static_cast<std::ptrdiff_t>(length));
}

TEST(Safetensors, WritesAndReadsTheVector) {
  EXPECT_EQ(encode_safetensors({{{"w", to_array(square)}}, {}}), vector_file);
  const Safetensors content = parse_safetensors(vector_file, "x");
  ASSERT_EQ(content.arrays.size(), 1u);
  EXPECT_EQ(content.arrays[0].name, "w");
  EXPECT_EQ(content.arrays[0].array.type, ElementType::float32);
  EXPECT_THAT(content.arrays[0].array.shape, ElementsAre(2, 2));
  EXPECT_THAT(to_tensor(content.arrays[0].array).values, ElementsAre(1, 2, 3, 4));
}

TEST(Safetensors, SortsByTypeThenName) {
  const Bytes file = encode_safetensors({{{"a", {ElementType::uint8, {3}, {1, 2, 3}}},
                                          {"b2", {ElementType::float32, {}, Bytes(4)}},
                                          {"b1", {ElementType::float32, {1, 0}, {}}},
                                          {"c", {ElementType::int64, {1}, Bytes(8)}}},
                                         {{"format", "pt"}, {"by", "a \"test\"\n"}}});
  const std::string header = header_of(file);
  EXPECT_EQ(header.substr(0, header.find_last_not_of(' ') + 1),
            R"({"__metadata__":{"by":"a \"test\"\n","format":"pt"},)"
            R"("c":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
            R"("b1":{"dtype":"F32","shape":[1,0],"data_offsets":[8,8]},)"
            R"("b2":{"dtype":"F32","shape":[],"data_offsets":[8,12]},)"
            R"("a":{"dtype":"U8","shape":[3],"data_offsets":[12,15]}})");
  const Safetensors again = parse_safetensors(file, "x");
  EXPECT_EQ(again.metadata.at("by"), "a \"test\"\n");
  ASSERT_EQ(again.arrays.size(), 4u);
  EXPECT_EQ(again.arrays[3].name, "a");
  EXPECT_EQ(encode_safetensors(again), file);
}

TEST(Safetensors, KeepsEveryType) {
  Safetensors content;
  for (const ElementType type :
       {ElementType::boolean, ElementType::uint8, ElementType::int8, ElementType::int16, ElementType::uint16,
        ElementType::float16, ElementType::bfloat16, ElementType::int32, ElementType::uint32, ElementType::float32,
        ElementType::float64, ElementType::int64, ElementType::uint64}) {
    content.arrays.push_back({std::string(to_string(type)), {type, {3}, Bytes(3 * element_size(type), 0x3f)}});
  }
  const Safetensors again = parse_safetensors(encode_safetensors(content), "x");
  ASSERT_EQ(again.arrays.size(), content.arrays.size());
  for (const NamedArray& named : again.arrays) EXPECT_EQ(to_string(named.array.type), named.name);
  EXPECT_EQ(to_tensor({ElementType::bfloat16, {1}, {0xc0, 0x3f}}).values[0], 1.5f);
  EXPECT_EQ(to_tensor({ElementType::float16, {1}, {0x00, 0xbe}}).values[0], -1.5f);
  EXPECT_EQ(to_tensor({ElementType::float64, {1}, from_hex("000000000000f8bf")}).values[0], -1.5f);
}

TEST(Safetensors, WritesTensorsToFiles) {
  const std::filesystem::path path = ::testing::TempDir() + "fanin-test.safetensors";
  write_safetensors(path, std::vector<NamedTensor>{{"z", square}, {"conv.weight", {{3}, {7, 8, 9}}}},
                    {{"model", "lenet5"}});
  const std::vector<NamedTensor> tensors = read_weights(path);
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].name, "conv.weight");
  EXPECT_THAT(tensors[0].tensor.values, ElementsAre(7, 8, 9));
  EXPECT_EQ(tensors[1].tensor.shape, square.shape);
  EXPECT_EQ(read_safetensors(path).metadata.at("model"), "lenet5");
}

TEST(Safetensors, WeightsAreFloats) {
  Safetensors content;
  content.arrays.push_back({"bn.num_batches_tracked", {ElementType::int64, {}, Bytes(8, 0)}});
  content.arrays.push_back({"fc.weight", {ElementType::float64, {1}, from_hex("000000000000f8bf")}});
  const std::vector<NamedTensor> weights = parse_weights(encode_safetensors(content), "x");
  ASSERT_EQ(weights.size(), 1u) << "PyTorch's counter is no weight";
  EXPECT_EQ(weights[0].tensor.values[0], -1.5f);
  content.arrays[1].array = {ElementType::int32, {1}, Bytes(4, 0)};
  EXPECT_THAT([&] { parse_weights(encode_safetensors(content), "x"); },
              ::testing::ThrowsMessage<Error>(
                  "x: 'fc.weight' has elements of type int32; expected float16, bfloat16, float32 or float64"));
}

TEST(Safetensors, AcceptsWhatTheReferenceAccepts) {
  EXPECT_EQ(error_for("{}", 0), "");
  EXPECT_EQ(error_for(R"({"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4), "") << "a scalar";
  EXPECT_EQ(error_for(R"({"w":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}})", 0), "") << "no elements";
  EXPECT_EQ(error_for(R"({"../b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]},)"
                      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":[1]}})"
                      "\n",
                      5),
            "")
      << "any order, any name, unknown fields, newline padding";
  EXPECT_EQ(error_for(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                      5),
            "")
      << "unaligned";
}

TEST(Safetensors, RefusesHeadersThatAreNone) {
  EXPECT_EQ(error_of([] { parse_safetensors({}, "x"); }),
            "x: truncated safetensors file (its header length needs 8 bytes), at byte 0");
  EXPECT_EQ(error_of([] { parse_safetensors(from_hex("ffffffffffffffff7b7d"), "x"); }),
            "x: safetensors header of 18446744073709551615 bytes, more than 100000000, at byte 0");
  EXPECT_EQ(error_of([] { parse_safetensors(from_hex("03000000000000007b7d"), "x"); }),
            "x: truncated safetensors file (its header needs 3 bytes), at byte 10");
  for (const std::string_view header : {"", "[]", " {}", "null"}) {
    EXPECT_EQ(error_for(header, 0), "x: safetensors header does not start with '{', at byte 8") << header;
  }
  for (const std::string_view header : {"{", "{} x", "{\"a\":\xff}", "{\"\xff\":1}", "{'a':1}", "{\"a\":NaN}"}) {
    EXPECT_THAT(error_for(header, 0), HasSubstr("x: safetensors header is not JSON, at byte ")) << header;
  }
  EXPECT_THAT(error_for(std::string_view("{}\0", 3), 0), HasSubstr("not JSON")) << "NUL padding";
  EXPECT_EQ(error_for("{\"a\":" + std::string(100'000, '['), 0), "x: safetensors header nested deeper than its format");
  EXPECT_EQ(error_for(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":1})", 0),
            "x: safetensors header has the key 'a' twice");
  EXPECT_EQ(error_for(R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0),
            "x: safetensors header has the key 'dtype' twice");
  EXPECT_EQ(error_for(R"({"__metadata__":{"a":1}})", 0), "x: __metadata__ 'a' is not a string");
  EXPECT_EQ(error_for(R"({"__metadata__":[]})", 0), "x: __metadata__ is not an object");
}

TEST(Safetensors, RefusesFieldsThatDoNotFit) {
  const auto entry_error = [](std::string_view fields, std::size_t data_bytes) {
    return error_for("{\"w\":{" + std::string(fields) + "}}", data_bytes);
  };
  for (const char* type : {"f32", "F8_E4M3", "X", ""}) {
    EXPECT_EQ(entry_error("\"dtype\":\"" + std::string(type) + R"(","shape":[1],"data_offsets":[0,4])", 4),
              "x: tensor 'w': dtype '" + std::string(type) + "' is unknown or not supported");
  }
  EXPECT_EQ(entry_error(R"("shape":[1],"data_offsets":[0,4])", 4), "x: tensor 'w': dtype is missing");
  EXPECT_EQ(entry_error(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])", 4),
            "x: tensor 'w': shape holds -1, expected whole numbers");
  EXPECT_THAT(entry_error(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])", 4), HasSubstr("shape holds 1.0"));
  EXPECT_THAT(entry_error(R"("dtype":"F32","shape":1,"data_offsets":[0,4])", 4), HasSubstr("shape is not a list"));
  EXPECT_THAT(entry_error(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,8])", 4), HasSubstr("not a list of two"));
  EXPECT_THAT(entry_error(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])", 4),
              HasSubstr("run backwards, from 4 to 0"));
  EXPECT_EQ(entry_error(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", 4),
            "x: tensor 'w': data_offsets span 4 bytes, F32 of 2 needs 8");
  EXPECT_EQ(entry_error(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])", 0),
            "x: tensor 'w': the shape's product does not fit 63 bits");
  EXPECT_THAT(entry_error(R"("dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,0])", 0),
              HasSubstr("whole numbers"));
  EXPECT_EQ(error_for(R"({"w":3})", 0), "x: tensor 'w': expected an object of dtype, shape and data_offsets");
}

TEST(Safetensors, RefusesDataThatAreNotTiled) {
  const auto two = [](std::string_view first, std::string_view second, std::size_t data_bytes) {
    return error_for(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + std::string(first) +
                         R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + std::string(second) + "}}",
                     data_bytes);
  };
  EXPECT_EQ(two("[0,4]", "[4,8]", 8), "");
  EXPECT_EQ(two("[0,4]", "[5,9]", 9), "x: tensor 'b': its data start at 5, expected 4 (a gap)");
  EXPECT_EQ(two("[0,4]", "[3,7]", 7), "x: tensor 'b': its data start at 3, expected 4 (an overlap)");
  EXPECT_EQ(two("[0,4]", "[0,4]", 4), "x: tensor 'b': its data start at 0, expected 4 (an overlap)");
  EXPECT_EQ(two("[1,5]", "[5,9]", 9), "x: tensor 'a': its data start at 1, expected 0 (a gap)");
  EXPECT_EQ(two("[0,4]", "[4,8]", 9), "x: 1 bytes after the last tensor's data");
  EXPECT_EQ(two("[0,4]", "[4,8]", 7), "x: tensor 'b': data_offsets end at 8, the file has 7 bytes of data");
}

TEST(Safetensors, RefusesToWriteBadNames) {
  const auto message = [](const std::vector<std::string>& names) {
    Safetensors content;
    for (const std::string& name : names) content.arrays.push_back({name, {ElementType::uint8, {1}, {1}}});
    return error_of([&] { encode_safetensors(content); });
  };
  EXPECT_EQ(message({"a", "a"}), "safetensors: tensor name 'a' is empty, reserved or given twice");
  EXPECT_NE(message({""}), "");
  EXPECT_NE(message({"__metadata__"}), "");
  EXPECT_THAT(message({"\xff"}), HasSubstr("is not UTF-8"));
  EXPECT_EQ(error_of([] {
              encode_safetensors({{{"w", {ElementType::float32, {2}, Bytes(4)}}}, {}});
            }),
            "tensor 'w': 4 bytes given, its shape needs 8");
}

}  // namespace
}  // namespace fanin::formats
