// npy: 93 "NUMPY" major minor | header length | a Python dictionary | data.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "fanin/formats/npz.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t max_header_bytes = 1 << 16;
constexpr std::size_t max_dims = 64;  // NumPy's own limit

// NumPy's code of each ElementType, without byte order; "" where it has none.
constexpr std::string_view codes[] = {"b1", "u1", "i1", "i2", "u2", "f2", "", "i4", "u4", "f4", "f8", "i8", "u8"};

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

// Reads the one form of Python dictionary that npy headers have.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::uint64_t offset, std::string_view file)
      : text_(text), offset_(offset), file_(file) {}

  Header parse() {
    Header header;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !std::exchange(descr, true)) {
        header.descr = quoted();
      } else if (key == "fortran_order" && !std::exchange(order, true)) {
        header.fortran_order = boolean();
      } else if (key == "shape" && !std::exchange(shape, true)) {
        header.shape = extents();
      } else {
        fail(fmt::format("key '{}' is unknown or given twice", key));
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail("characters after the dictionary");
    if (!descr || !order || !shape) fail("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  [[noreturn]] void fail(std::string_view what) {
    refuse_at(file_, offset_ + at_, fmt::format("npy header: {}", what));
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(char letter) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != letter) return false;
    ++at_;
    return true;
  }
  void expect(char letter) {
    if (!take(letter)) fail(fmt::format("expected '{}'", letter));
  }
  std::string quoted() {
    skip_space();
    const char mark = at_ < text_.size() ? text_[at_] : '\0';
    if (mark != '\'' && mark != '"') fail("expected a string (structured types are not supported)");
    const std::size_t end = text_.find(mark, at_ + 1);
    if (end == text_.npos) fail("a string without an end");
    const std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    }
    fail("expected True or False");
  }
  Shape extents() {
    Shape shape;
    expect('(');
    while (!take(')')) {
      skip_space();
      std::int64_t extent = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) fail("expected an extent (a whole number of 63 bits)");
      at_ = static_cast<std::size_t>(end - text_.data());
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2 wrote 2L
      shape.push_back(extent);
      if (shape.size() > max_dims) fail(fmt::format("more than {} dimensions", max_dims));
      if (!take(',')) {
        if (shape.size() == 1) fail("expected ',' (the shape is a tuple)");
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  std::uint64_t offset_;
  std::string_view file_;
  std::size_t at_ = 0;
};

void reverse_elements(std::vector<std::uint8_t>& bytes, std::size_t width) {
  for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(width)) {
    std::reverse(at, at + static_cast<std::ptrdiff_t>(width));
  }
}

// Column-major bytes of `shape` to row-major: walks the result in order, keeping the source's offset.
std::vector<std::uint8_t> from_fortran_order(const std::vector<std::uint8_t>& source, const Shape& shape,
                                             std::size_t width) {
  std::vector<std::uint8_t> out(source.size());
  std::vector<std::int64_t> index(shape.size(), 0), stride(shape.size());
  std::int64_t running = static_cast<std::int64_t>(width);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    stride[d] = running;
    running *= shape[d];
  }
  std::int64_t from = 0;
  for (std::size_t to = 0; to < out.size(); to += width) {
    std::memcpy(out.data() + to, source.data() + from, width);
    for (std::size_t d = shape.size(); d-- > 0;) {
      from += stride[d];
      if (++index[d] < shape[d]) break;
      from -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

Array parse_npy(std::span<const std::uint8_t> bytes, std::string_view file) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(magic)) refuse_at(file, 0, "not an npy file (it does not start with 93 'NUMPY')");
  if (bytes.size() < 12) refuse_at(file, bytes.size(), "truncated npy file");
  const int version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] != 0) {
    refuse_at(file, 6, fmt::format("npy version {}.{}, expected 1.0, 2.0 or 3.0", version, bytes[7]));
  }
  const std::size_t begin = version == 1 ? 10 : 12;
  std::uint64_t length = bytes[8] | bytes[9] << 8;
  if (version > 1) length |= static_cast<std::uint64_t>(bytes[10]) << 16 | static_cast<std::uint64_t>(bytes[11]) << 24;
  if (length > max_header_bytes) refuse_at(file, 8, fmt::format("npy header of {} bytes", length));
  if (length > bytes.size() - begin) refuse_at(file, bytes.size(), "truncated npy file, in its header");
  const Header header = HeaderParser(text.substr(begin, length), begin, file).parse();

  std::string_view code = header.descr;
  const char order = code.empty() || std::string_view("<>|=").find(code[0]) == std::string_view::npos ? '=' : code[0];
  if (code.starts_with(order)) code.remove_prefix(1);
  const auto* found = std::find(std::begin(codes), std::end(codes), code);
  if (code.empty() || found == std::end(codes)) {
    refuse_at(file, begin,
              fmt::format("npy type '{}' is not supported (booleans, integers and floats are)", header.descr));
  }
  Array array{static_cast<ElementType>(found - std::begin(codes)), header.shape, {}};
  const std::uint64_t size = byte_count(array.type, array.shape, file);
  const std::span<const std::uint8_t> data = bytes.subspan(begin + length);
  if (size != data.size()) {
    refuse_at(file, begin + length,
              fmt::format("{} of {} needs {} bytes, the npy file has {}", to_string(array.type),
                          fanin::to_string(array.shape), size, data.size()));
  }
  array.bytes.assign(data.begin(), data.end());
  const std::size_t width = element_size(array.type);
  if (order == '>' && width > 1) reverse_elements(array.bytes, width);
  if (header.fortran_order && array.shape.size() > 1) array.bytes = from_fortran_order(array.bytes, array.shape, width);
  return array;
}

std::vector<std::uint8_t> encode_npy(const Array& array) {
  const std::string_view code = codes[static_cast<std::size_t>(array.type)];
  if (code.empty()) throw Error(fmt::format("npy has no type for {}", to_string(array.type)));
  const std::uint64_t size = byte_count(array.type, array.shape, "npy array");
  if (size != array.bytes.size()) {
    throw Error(fmt::format("npy array: {} bytes given, its shape needs {}", array.bytes.size(), size));
  }
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   element_size(array.type) == 1 ? '|' : '<', code, fmt::join(array.shape, ", "),
                                   array.shape.size() == 1 ? "," : "");
  // NumPy leaves room for the first extent to grow to 20 digits plus one, then pads with spaces to a multiple of 64.
  if (!array.shape.empty()) header.append(21 - std::min<std::size_t>(21, std::to_string(array.shape[0]).size()), ' ');
  const std::size_t before = magic.size() + 4;
  const std::size_t total = (before + header.size() + 1 + 63) / 64 * 64;
  header.resize(total - before - 1, ' ');
  header += '\n';
  std::vector<std::uint8_t> out(magic.begin(), magic.end());
  out.reserve(total + array.bytes.size());
  out.insert(out.end(),
             {1, 0, static_cast<std::uint8_t>(header.size()), static_cast<std::uint8_t>(header.size() >> 8)});
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), array.bytes.begin(), array.bytes.end());
  return out;
}

}  // namespace fanin::formats
