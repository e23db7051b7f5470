// PNG through libpng. Its errors leave by longjmp, so the code between setjmp and the last libpng call keeps no object
// with a destructor: all state stands in Decoder or Encoder, which the caller owns.
#include <png.h>

#include <cstdio>
#include <cstring>
#include <new>

#include "fanin/formats/image.h"
#include "formats/planes.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

constexpr png_uint_32 max_side = 1 << 16;
constexpr png_alloc_size_t max_chunk_bytes = png_alloc_size_t{8} << 20;  // a text or colour profile

struct Decoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const std::uint8_t> rest;
  char message[256] = "";
  png_uint_32 height = 0, width = 0;
  std::size_t channels = 0;
  std::vector<std::uint8_t> samples;  // (H, W, C)
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

struct Encoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  char message[256] = "";
  std::vector<std::uint8_t> samples, file;
  ~Encoder() { png_destroy_write_struct(&png, &info); }
};

template <class Coder>
[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* coder = static_cast<Coder*>(png_get_error_ptr(png));
  std::snprintf(coder->message, sizeof coder->message, "%s", message);
  png_longjmp(png, 1);
}

// Warnings are about colour profiles and the like; damage of the pixels is an error.
void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto* decoder = static_cast<Decoder*>(png_get_io_ptr(png));
  if (count > decoder->rest.size()) png_error(png, "premature end");
  std::memcpy(out, decoder->rest.data(), count);
  decoder->rest = decoder->rest.subspan(count);
}

void write_bytes(png_structp png, png_bytep bytes, std::size_t count) {
  auto* encoder = static_cast<Encoder*>(png_get_io_ptr(png));
  bool done = false;
  try {  // no exception may pass through libpng
    encoder->file.insert(encoder->file.end(), bytes, bytes + count);
    done = true;
  } catch (const std::bad_alloc&) {
  }
  if (!done) png_error(png, "out of memory");
}

void flush_nothing(png_structp) {}

bool decode(Decoder& decoder) {
  png_structp png = decoder.png;
  png_infop info = decoder.info;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, &decoder, read_bytes);
  png_set_user_limits(png, max_side, max_side);
  png_set_chunk_malloc_max(png, max_chunk_bytes);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_read_info(png, info);
  decoder.height = png_get_image_height(png, info);
  decoder.width = png_get_image_width(png, info);
  if (static_cast<std::int64_t>(decoder.height) * decoder.width > max_image_pixels) {
    png_error(png, "more than 2^26 pixels");
  }
  // Before anything is reserved for it: deflate's greatest ratio is 1032.
  if (decoder.height * png_get_rowbytes(png, info) / 1032 > decoder.rest.size()) {
    png_error(png, "more pixels than its bytes can hold");
  }
  png_set_scale_16(png);
  png_set_packing(png);
  png_set_expand(png);  // palettes to RGB, 1, 2 and 4 bits to 8, transparency to alpha
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  decoder.channels = png_get_channels(png, info);
  const std::size_t row_bytes = decoder.width * decoder.channels;
  if ((decoder.channels != 1 && decoder.channels != 3) || png_get_rowbytes(png, info) != row_bytes) {
    png_error(png, "neither grey nor RGB");
  }
  decoder.samples.resize(row_bytes * decoder.height);
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < decoder.height; ++y) png_read_row(png, decoder.samples.data() + y * row_bytes, nullptr);
  }
  png_read_end(png, nullptr);
  return true;
}

bool encode(Encoder& encoder, const Image& image) {
  png_structp png = encoder.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, &encoder, write_bytes, flush_nothing);
  png_set_IHDR(png, encoder.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8,
               image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, encoder.info);
  const std::int64_t row_bytes = image.width * image.channels;
  for (std::int64_t y = 0; y < image.height; ++y) png_write_row(png, encoder.samples.data() + y * row_bytes);
  png_write_end(png, nullptr);
  return true;
}

}  // namespace

Image decode_png(std::span<const std::uint8_t> bytes, std::string_view file) {
  if (!is_png(bytes)) refuse(file, "not a PNG image");
  Decoder decoder;
  decoder.rest = bytes;
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error<Decoder>, on_warning);
  if (decoder.png != nullptr) decoder.info = png_create_info_struct(decoder.png);
  if (decoder.info == nullptr) throw std::bad_alloc();
  if (!decode(decoder))
    refuse_at(file, bytes.size() - decoder.rest.size(), fmt::format("corrupt PNG image ({})", decoder.message));
  return to_planes(decoder.samples, static_cast<std::int64_t>(decoder.channels), decoder.height, decoder.width);
}

std::vector<std::uint8_t> encode_png(const Image& image) {
  if ((image.channels != 1 && image.channels != 3) || image.height < 1 || image.width < 1 || image.height > max_side ||
      image.width > max_side ||
      image.channels * image.height * image.width != static_cast<std::int64_t>(image.pixels.size())) {
    throw Error(fmt::format("PNG of {} channels, {}x{}, {} samples: expected 1 or 3 channels of at most 65536x65536",
                            image.channels, image.height, image.width, image.pixels.size()));
  }
  Encoder encoder;
  encoder.samples = to_interleaved(image);
  encoder.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &encoder, on_error<Encoder>, on_warning);
  if (encoder.png != nullptr) encoder.info = png_create_info_struct(encoder.png);
  if (encoder.info == nullptr) throw std::bad_alloc();
  if (!encode(encoder, image)) throw Error(fmt::format("PNG cannot be written ({})", encoder.message));
  return std::move(encoder.file);
}

}  // namespace fanin::formats
