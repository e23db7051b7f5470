// JPEG through libjpeg-turbo. Its errors leave by longjmp, so the code between setjmp and the last libjpeg call keeps
// no object with a destructor: all state stands in Decoder, which the caller owns.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs the two headers above.
#include <jpeglib.h>

#include <csetjmp>

#include "fanin/formats/image.h"
#include "formats/planes.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

// A progressive image may repeat scans for ever at little cost in bytes; libjpeg-turbo's documents suggest this limit.
constexpr int max_scans = 500;

struct Decoder {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  std::vector<std::uint8_t> samples;  // (H, W, C)
};

[[noreturn]] void fail(j_common_ptr common, const char* message) {
  auto* decoder = static_cast<Decoder*>(common->client_data);
  std::snprintf(decoder->message, sizeof decoder->message, "%s", message);
  std::longjmp(decoder->escape, 1);
}

[[noreturn]] void on_error(j_common_ptr common) {
  char message[JMSG_LENGTH_MAX];
  common->err->format_message(common, message);
  fail(common, message);
}

// Level -1 is a warning: libjpeg would go on with grey or repeated pixels. Higher levels are traces.
void on_message(j_common_ptr common, int level) {
  if (level < 0) on_error(common);
}

void on_progress(j_common_ptr common) {
  if (reinterpret_cast<j_decompress_ptr>(common)->input_scan_number > max_scans) fail(common, "too many scans");
}

// Returns false after an error, whose text is in decoder.message.
bool decode(Decoder& decoder, std::span<const std::uint8_t> bytes) {
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = on_error;
  decoder.errors.emit_message = on_message;
  jpeg.client_data = &decoder;
  if (setjmp(decoder.escape) != 0) return false;
  jpeg_create_decompress(&jpeg);
  decoder.progress.progress_monitor = on_progress;
  jpeg.progress = &decoder.progress;
  jpeg_mem_src(&jpeg, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&jpeg, TRUE);
  if (static_cast<std::int64_t>(jpeg.image_width) * jpeg.image_height > max_image_pixels) {
    fail(reinterpret_cast<j_common_ptr>(&jpeg), "more than 2^26 pixels");
  }
  if (jpeg.num_components != 1 && jpeg.num_components != 3) {
    fail(reinterpret_cast<j_common_ptr>(&jpeg), "neither grey nor RGB");
  }
  jpeg.out_color_space = jpeg.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  const std::size_t row_bytes = std::size_t{jpeg.output_width} * static_cast<std::size_t>(jpeg.output_components);
  decoder.samples.resize(row_bytes * jpeg.output_height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = decoder.samples.data() + row_bytes * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

}  // namespace

Image decode_jpeg(std::span<const std::uint8_t> bytes, std::string_view file) {
  if (!is_jpeg(bytes)) refuse(file, "not a JPEG image");
  Decoder decoder{};
  struct Destroyer {
    jpeg_decompress_struct& jpeg;
    ~Destroyer() { jpeg_destroy_decompress(&jpeg); }  // does nothing where creation had not begun
  } destroyer{decoder.jpeg};
  if (!decode(decoder, bytes)) refuse(file, fmt::format("corrupt JPEG image ({})", decoder.message));
  return to_planes(decoder.samples, decoder.jpeg.output_components, decoder.jpeg.output_height,
                   decoder.jpeg.output_width);
}

}  // namespace fanin::formats
