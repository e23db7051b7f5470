// npy and npz, against the bytes that NumPy writes.
#include <gmock/gmock.h>

#include <cstring>

#include "fanin/formats/npz.h"
#include "fanin/formats/zip.h"
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

const Array matrix = to_array(Tensor{{2, 3}, {1, 2, 3, 4, 5, 6}});

// An npy file of version 1 with this dictionary, as loosely padded as NumPy accepts.
Bytes make_npy(std::string_view dictionary, const Bytes& data) {
  Bytes file = from_hex("934e554d50590100");
  file.push_back(static_cast<std::uint8_t>(dictionary.size()));
  file.push_back(static_cast<std::uint8_t>(dictionary.size() >> 8));
  return joined(joined(file, from_text(dictionary)), data);
}

std::string npy_error(std::string_view dictionary, const Bytes& data) {
  return error_of([&] { parse_npy(make_npy(dictionary, data), "x.npy"); });
}

TEST(Npy, WritesNumpysBytes) {
  const Bytes file = encode_npy(matrix);
  ASSERT_EQ(file.size(), 152u);
  const std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + std::string(58, ' ') + "\n";
  EXPECT_EQ(file, joined(joined(from_hex("934e554d505901007600"), from_text(header)), matrix.bytes));
  const auto dictionary = [](const Array& array) {
    const Bytes bytes = encode_npy(array);
    EXPECT_EQ((bytes.size() - array.bytes.size()) % 64, 0u);
    const std::string text(bytes.begin() + 10, bytes.end());
    return text.substr(0, text.find('}') + 1);
  };
  EXPECT_EQ(dictionary({ElementType::int64, {3}, Bytes(24)}),
            "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }");
  EXPECT_EQ(dictionary({ElementType::uint8, {}, Bytes(1)}), "{'descr': '|u1', 'fortran_order': False, 'shape': (), }");
  EXPECT_EQ(dictionary({ElementType::boolean, {0, 2}, {}}),
            "{'descr': '|b1', 'fortran_order': False, 'shape': (0, 2), }");
}

TEST(Npy, ReadsEveryTypeBack) {
  for (const ElementType type : {ElementType::boolean, ElementType::uint8, ElementType::int8, ElementType::int16,
                                 ElementType::uint16, ElementType::float16, ElementType::int32, ElementType::uint32,
                                 ElementType::float32, ElementType::float64, ElementType::int64, ElementType::uint64}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{0, 4}, Shape{1, 2, 1, 3}}) {
      Array array{type, shape, {}};
      array.bytes.resize(byte_count(type, shape, "test"));
      for (std::size_t i = 0; i < array.bytes.size(); ++i) array.bytes[i] = static_cast<std::uint8_t>(i);
      const Array again = parse_npy(encode_npy(array), "x.npy");
      EXPECT_EQ(again.type, type);
      EXPECT_EQ(again.shape, shape);
      EXPECT_EQ(again.bytes, array.bytes);
    }
  }
  EXPECT_EQ(error_of([] { encode_npy({ElementType::bfloat16, {1}, Bytes(2)}); }), "npy has no type for bfloat16");
  EXPECT_EQ(error_of([] {
              encode_npy({ElementType::float32, {2}, Bytes(4)});
            }),
            "npy array: 4 bytes given, its shape needs 8");
}

TEST(Npy, ReadsForeignSpellings) {
  const auto values = [](std::string_view dictionary, const Bytes& data) {
    return to_tensor(parse_npy(make_npy(dictionary, data), "x.npy")).values;
  };
  EXPECT_THAT(values("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", from_hex("3fc00000")),
              ElementsAre(1.5f));
  EXPECT_THAT(values("{\"shape\":(2L,), 'fortran_order':False,'descr':'u1'}\n", {3, 4}), ElementsAre(3, 4));
  EXPECT_THAT(values("{'descr': '=i2', 'fortran_order': False, 'shape': ()}", {0xfe, 0xff}), ElementsAre(-2));
  EXPECT_THAT(values("{'descr': '<f2', 'fortran_order': False, 'shape': (4,)}", from_hex("003c00c00100007c")),
              ElementsAre(1.0f, -2.0f, 0x1p-24f, std::numeric_limits<float>::infinity()));
  EXPECT_THAT(values("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", {1, 4, 2, 5, 3, 6}),
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(values("{'descr': '>u2', 'fortran_order': True, 'shape': (2, 1, 2), }", {0, 1, 0, 3, 0, 2, 0, 4}),
              ElementsAre(1, 2, 3, 4));
}

TEST(Npy, RefusesWhatDoesNotFit) {
  EXPECT_EQ(error_of([] { parse_npy(from_text("hello"), "x.npy"); }),
            "x.npy: not an npy file (it does not start with 93 'NUMPY'), at byte 0");
  Bytes version = encode_npy(matrix);
  version[6] = 4;
  EXPECT_EQ(error_of([&] { parse_npy(version, "x.npy"); }),
            "x.npy: npy version 4.0, expected 1.0, 2.0 or 3.0, at byte 6");
  EXPECT_EQ(npy_error("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", Bytes(4)),
            "x.npy: float32 of 2 needs 8 bytes, the npy file has 4, at byte 65");
  EXPECT_THAT(npy_error("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", Bytes(8)),
              HasSubstr("npy type '|O' is not"));
  EXPECT_THAT(npy_error("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", Bytes(4)),
              HasSubstr("structured types are not supported"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'fortran_order': False}", Bytes(4)), HasSubstr("is missing"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'descr': '<f4'}", Bytes(4)), HasSubstr("unknown or given twice"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", Bytes(4)), HasSubstr("True or False"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'fortran_order': False, 'shape': (1+1,)}", Bytes(8)),
              HasSubstr("expected ','"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", Bytes(4)), HasSubstr("a tuple"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'fortran_order': False, 'shape': [1]}", Bytes(4)), HasSubstr("expected '('"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", Bytes(4)), HasSubstr("an extent"));
  EXPECT_THAT(npy_error("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", Bytes(4)), HasSubstr("after the"));
  EXPECT_THAT(npy_error("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", {}),
              HasSubstr("does not fit 63 bits"));
}

TEST(Npz, WritesNumpysBytes) {
  const Bytes file = encode_npz(std::vector<NamedArray>{{"w", matrix}});
  EXPECT_EQ(file.size(), 280u);
  // CRC-32 of what Python's zipfile writes for the same array, as numpy.savez calls it.
  EXPECT_EQ(crc32(0, file.data(), static_cast<uInt>(file.size())), 0xb83df1e6u);
}

TEST(Npz, ReadsWhatItWrites) {
  const std::vector<NamedArray> arrays = {{"layer.weight", matrix},
                                          {"n/\xc3\xa4", {ElementType::int64, {1}, Bytes(8, 1)}}};
  const std::filesystem::path path = ::testing::TempDir() + "fanin-test.npz";
  write_npz(path, arrays);
  const std::vector<NamedArray> again = read_npz(path);
  ASSERT_EQ(again.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again[i].name, arrays[i].name);
    EXPECT_EQ(again[i].array.shape, arrays[i].array.shape);
    EXPECT_EQ(again[i].array.bytes, arrays[i].array.bytes);
  }
}

TEST(Npz, RefusesOtherEntries) {
  const Bytes text = from_text("hello");
  EXPECT_EQ(error_of([&] {
              parse_npz(encode_zip(std::vector<ZipContent>{{"readme.txt", text}}), "x.npz");
            }),
            "x.npz: entry 'readme.txt' is no .npy array");
  EXPECT_EQ(error_of([&] {
              parse_npz(encode_zip(std::vector<ZipContent>{{"w.npy", text}}), "x.npz");
            }),
            "x.npz: entry 'w.npy': not an npy file (it does not start with 93 'NUMPY'), at byte 0");
  EXPECT_EQ(error_of([] { encode_npz(std::vector<NamedArray>{{"", matrix}}); }), "npz: an array without a name");
}

}  // namespace
}  // namespace fanin::formats
